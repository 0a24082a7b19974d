"""Pages that need nothing beside them: how their templates are read, and the style they share (``templates/page.css``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livedo.wording import capital

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(package: str) -> Environment:
    """The templates of a package, with those that all pages share behind them; what is put into a page is escaped.

    Beside Jinja's own filters there is ``capital``.

    Parameters
    ----------
    package:
        Name of a package with a folder ``templates``.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name, "templates") for name in (package, "livedo")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capital"] = capital
    return environment
