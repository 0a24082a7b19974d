"""What a drug does to the body: a mean daily dose becomes rates of the body's inputs, linear in the dose.

A drug's row says through which input it acts, the preferred one first; the first that the body has is used.
"""

from __future__ import annotations

from collections.abc import Collection

from livedo.care.quantity import CALCITRIOL_PMOL_PER_UG, CALCIUM_MG_PER_MMOL, HOURS_PER_DAY
from livedo.care.treatments import BINDER, Treatment
from livedo.errors import InputError


def input_of(drug: Treatment, known: Collection[str] | None = None) -> str:
    """Input of the body through which ``drug`` acts.

    Parameters
    ----------
    known:
        Inputs and parameters of the body; without it, the plainest input, which every body has.

    Raises
    ------
    InputError
        If the body has none of the drug's inputs.
    """
    if known is None:
        return drug.inputs[-1]
    for symbol in drug.inputs:
        if symbol in known:
            return symbol
    raise InputError("the body has no input for this drug", value=drug.drug, expected=" or ".join(drug.inputs))


def daily_effect(drug: Treatment, per_day: float, route: str, known: Collection[str] | None = None) -> dict[str, float]:
    """Rates of the body's inputs for a mean daily dose.

    Parameters
    ----------
    drug:
        Row of the table of drugs.
    per_day:
        Mean daily dose by the drug's basis, in its ``dose_unit``.
    route:
        ``oral`` or ``iv``.
    known:
        As for :func:`input_of`.

    Returns
    -------
    dict
        Symbol -> value in the symbol's canonical unit: g/h, mmol/h, pmol/h, nmol/h or mg/h; ``calcimimetic_level`` is
        dimensionless and ``vitamin_D_supply`` nmol/L, both to be added to what is there without the drug.
    """
    if drug.per_unit is not None:
        return {name: per_day * drug.per_unit / HOURS_PER_DAY for name in drug.inputs if known is None or name in known}
    symbol = input_of(drug, known)
    calcium = per_day * (drug.elemental_calcium or 0.0) / CALCIUM_MG_PER_MMOL / HOURS_PER_DAY
    if drug.drug_class == BINDER:
        return {symbol: per_day / 1000 * (drug.pbed_per_g or 0.0) / HOURS_PER_DAY, "binder_Ca": calcium}
    reaching = 1.0 if route == "iv" else drug.oral_bioavailability or 0.0
    active = per_day * (drug.calcitriol_equivalent or 0.0) * reaching * CALCITRIOL_PMOL_PER_UG / HOURS_PER_DAY
    values = {
        "supplement_Ca": calcium,
        "calcitriol_dose": active,
        "sterol_dose": active,
        "calcimimetic_level": per_day * (drug.b_per_mg_day or 0.0),
        "cinacalcet_dose": per_day / HOURS_PER_DAY,
        "etelcalcetide_dose": per_day / HOURS_PER_DAY,
        "cholecalciferol_dose": per_day * (drug.nmol_per_ug or 0.0) / HOURS_PER_DAY,
        "vitamin_D_supply": per_day * (drug.calcidiol_per_ug_day or 0.0),
    }
    if symbol not in values:
        raise InputError("a drug acts through an input that has no rule", value=symbol, expected=", ".join(values))
    return {symbol: values[symbol]}
