"""Read one organ, or a whole model, from Antimony or SBML into plain records.

Supported: species as amounts, parameters, assignment and rate rules, initial assignments, reactions with constant
stoichiometry, function definitions, constant compartments of size one. Events, delays, algebraic rules, conversion
factors, fast reactions and changing compartments are refused by name: switches belong to the schedule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livedo.engine.expression import Expr, from_sbml, number
from livedo.engine.units import PREDEFINED, Unit, from_definition
from livedo.errors import InputError


@dataclass
class Organ:
    """What one source declares: symbols with their units, and who gives each its value.

    ``declared`` maps every symbol to its unit identifier ('' where none is declared); ``amounts`` are species;
    ``starts`` are initial values, ``rules`` assignment rules, ``rates`` rate rules.
    """

    name: str
    units: dict[str, Unit] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    amounts: set[str] = field(default_factory=set)
    varying: set[str] = field(default_factory=set)
    starts: dict[str, Expr] = field(default_factory=dict)
    rules: dict[str, Expr] = field(default_factory=dict)
    rates: dict[str, Expr] = field(default_factory=dict)
    reactions: dict[str, tuple[tuple[tuple[str, float], ...], Expr]] = field(default_factory=dict)
    time_unit: str = ""
    extent_unit: str = ""

    def owned(self) -> set[str]:
        """Symbols to which this organ gives a value."""
        return set(self.starts) | set(self.rules) | set(self.rates)


def read_antimony(text: str, where: str, preamble: str = "") -> Organ:
    """Read Antimony text.

    Parameters
    ----------
    text:
        One ``model name() ... end``.
    where:
        File name for messages.
    preamble:
        Statements put behind the ``model`` line (shared unit definitions), on that line, so that line numbers stay.

    Raises
    ------
    InputError
        On a syntax error (with the line) or an unsupported construct.
    """
    import antimony

    if preamble:
        shared = " ".join(line.split("//")[0].strip() for line in preamble.splitlines())
        text, found = re.subn(r"(?m)^(\s*model\s+\*?\w+\s*(?:\([^)]*\))?)", lambda m: f"{m[1]} {shared}", text, count=1)
        if not found:
            raise InputError("no 'model NAME()' line", where=where)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise InputError((antimony.getLastError() or "").strip(), where=where, expected="Antimony")
    name = antimony.getMainModuleName()
    sbml = antimony.getSBMLString(name) or ""
    antimony.clearPreviousLoads()
    return read_sbml(sbml, where)


def read_sbml(text: str, where: str) -> Organ:
    """Read an SBML Level 3 (or convertible Level 2) document.

    Raises
    ------
    InputError
        If libSBML reports an error, or the model uses something outside the supported subset.
    """
    import libsbml

    document = libsbml.readSBMLFromString(text)
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or document.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        raise InputError(document.getErrorLog().toString().strip(), where=where, expected="valid SBML")
    if document.getLevel() < 3 and not document.setLevelAndVersion(3, 2, False):
        raise InputError("this SBML level cannot be converted to level 3", where=where)
    model = document.getModel()
    if model is None:
        raise InputError("the document holds no model", where=where)
    _refuse_unsupported(model, where)

    organ = Organ(name=model.getId() or "model")
    for i in range(model.getNumUnitDefinitions()):
        definition = model.getUnitDefinition(i)
        organ.units[definition.getId()] = from_definition(definition, where)
    organ.time_unit = model.getTimeUnits()
    organ.extent_unit = model.getExtentUnits()
    functions = _functions(model, where)
    _declare(model, organ, where)
    for i in range(model.getNumInitialAssignments()):
        item = model.getInitialAssignment(i)
        organ.starts[item.getSymbol()] = from_sbml(item.getMath(), f"{where}: start of {item.getSymbol()}", functions)
    for i in range(model.getNumRules()):
        rule = model.getRule(i)
        target = organ.rates if rule.isRate() else organ.rules
        target[rule.getVariable()] = from_sbml(rule.getMath(), f"{where}: {rule.getVariable()}", functions)
        organ.varying.add(rule.getVariable())
        if not rule.isRate():
            organ.starts.pop(rule.getVariable(), None)
    for i in range(model.getNumReactions()):
        reaction = model.getReaction(i)
        organ.reactions[reaction.getId()] = _reaction(reaction, functions, where)
    return organ


def _refuse_unsupported(model: Any, where: str) -> None:
    counts = {
        "events (write switches as a Schedule)": model.getNumEvents(),
        "constraints": model.getNumConstraints(),
    }
    for what, count in counts.items():
        if count:
            raise InputError(f"{count} {what} in the model are not supported", where=where)
    for i in range(model.getNumRules()):
        if model.getRule(i).isAlgebraic():
            raise InputError("algebraic rules are not supported", where=where)
    if model.isSetConversionFactor():
        raise InputError("conversion factors are not supported", where=where)
    for i in range(model.getNumCompartments()):
        compartment = model.getCompartment(i)
        if not compartment.getConstant():
            raise InputError(
                f"compartment {compartment.getId()!r} changes size", where=where, expected="a constant one"
            )


def _functions(model: Any, where: str) -> dict[str, tuple[tuple[str, ...], Expr]]:
    functions: dict[str, tuple[tuple[str, ...], Expr]] = {}
    for i in range(model.getNumFunctionDefinitions()):
        definition = model.getFunctionDefinition(i)
        names = tuple(definition.getArgument(k).getName() for k in range(definition.getNumArguments()))
        body = from_sbml(definition.getBody(), f"{where}: function {definition.getId()}", functions)
        functions[definition.getId()] = (names, body)
    return functions


def _declare(model: Any, organ: Organ, where: str) -> None:
    for i in range(model.getNumCompartments()):
        compartment = model.getCompartment(i)
        name = compartment.getId()
        organ.declared[name] = compartment.getUnits() or model.getVolumeUnits()
        if compartment.isSetSize():
            organ.starts[name] = number(compartment.getSize(), organ.declared[name] or "dimensionless")
    for i in range(model.getNumSpecies()):
        species = model.getSpecies(i)
        name = species.getId()
        compartment = model.getCompartment(species.getCompartment())
        if not species.getHasOnlySubstanceUnits() and compartment.getSize() != 1.0:
            raise InputError(
                f"species {name!r} is a concentration in a compartment of size {compartment.getSize():g}",
                where=where,
                expected="an amount (substanceOnly) or a compartment of size 1",
            )
        organ.declared[name] = species.getSubstanceUnits() or model.getSubstanceUnits()
        organ.amounts.add(name)
        if not species.getConstant():
            organ.varying.add(name)
        for given, value in (
            (species.isSetInitialAmount(), species.getInitialAmount()),
            (species.isSetInitialConcentration(), species.getInitialConcentration()),
        ):
            if given:
                organ.starts[name] = number(value, organ.declared[name] or "dimensionless")
    for i in range(model.getNumParameters()):
        parameter = model.getParameter(i)
        name = parameter.getId()
        organ.declared[name] = parameter.getUnits()
        if parameter.isSetValue():
            organ.starts[name] = number(parameter.getValue(), parameter.getUnits() or "dimensionless")


def _reaction(reaction: Any, functions: Any, where: str) -> tuple[tuple[tuple[str, float], ...], Expr]:
    place = f"{where}: reaction {reaction.getId()}"
    law = reaction.getKineticLaw()
    if law is None or law.getMath() is None:
        raise InputError("no rate is given", where=place)
    if law.getNumLocalParameters():
        raise InputError("local parameters are not supported", where=place, expected="parameters of the model")
    change: dict[str, float] = {}
    sides = (
        (-1.0, reaction.getNumReactants(), reaction.getReactant),
        (1.0, reaction.getNumProducts(), reaction.getProduct),
    )
    for sign, count, get in sides:
        for i in range(count):
            reference = get(i)
            if not reference.getConstant() and reference.getId():
                raise InputError("stoichiometry that changes is not supported", where=place)
            size = reference.getStoichiometry() if reference.isSetStoichiometry() else 1.0
            change[reference.getSpecies()] = change.get(reference.getSpecies(), 0.0) + sign * size
    return tuple((name, n) for name, n in change.items() if n != 0.0), from_sbml(law.getMath(), place, functions)


def read_file(path: Path, preamble: str = "") -> Organ:
    """Read an ``.ant``, ``.txt``, ``.xml`` or ``.sbml`` file.

    Raises
    ------
    InputError
        If the file is missing, of another kind, or cannot be read.
    """
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".xml", ".sbml"):
        return read_sbml(text, path.name)
    if path.suffix in (".ant", ".txt"):
        return read_antimony(text, path.name, preamble)
    raise InputError("unknown kind of model file", where=str(path), value=path.suffix, expected=".ant, .xml or .sbml")


def unit_named(identifier: str, units: dict[str, Unit], where: str) -> Unit:
    """Resolve a unit identifier.

    Raises
    ------
    InputError
        If nobody defines it.
    """
    if identifier in units:
        return units[identifier]
    if identifier in PREDEFINED:
        return PREDEFINED[identifier]
    raise InputError("unit is not defined", where=where, field="unit", value=identifier)
