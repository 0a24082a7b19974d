"""Write a model, or one organ of it, as SBML or Antimony, to run in other tools.

The export is complete and strict: every number has its unit, every symbol a value, so libSBML accepts it without a warning
and any SBML simulator gives the same derivatives. What an organ reads from others becomes a parameter at its nominal
value.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from typing import Any

from livedo.engine.expression import Expr, infix, number
from livedo.engine.lanes import NumpyMachine
from livedo.engine.model import Model
from livedo.engine.system import assemble
from livedo.errors import InputError


def nominal(model: Model) -> dict[str, float]:
    """Every symbol's value at the model's start and own parameters."""
    system = assemble(model, tuple(k for k, _ in model.rules))
    m = NumpyMachine()
    p = m.array(max(1, len(system.parameters)))
    for i, name in enumerate(system.parameters):
        p[i] = model.parameters[name]
    y, c, o = m.array(len(system.states)), m.array(max(1, len(system.hoisted))), m.array(max(1, len(system.outputs)))
    system.start(m, p, y)
    system.hoist(m, y, p, c)
    system.observe(m, y, p, c, o)
    values = dict(model.parameters)
    values |= {name: float(y[i, 0]) for i, name in enumerate(system.states)}
    values |= {name: float(o[i, 0]) for i, name in enumerate(system.observables)}
    return values


def organ_of(model: Model, organ: str) -> Model:
    """One organ as a model of its own, with what it reads at nominal values.

    Raises
    ------
    InputError
        If there is no such organ.
    """
    return organs_of(model, (organ,), organ)


def organs_of(model: Model, organs: Collection[str], name: str) -> Model:
    """Some organs as a model of their own, with what they read from others at nominal values.

    A state that some equation reads is no accumulator there: the states whose steps were short enough for it may be gone.

    Raises
    ------
    InputError
        If there is no such organ.
    """
    known = sorted(set(model.owner.values()))
    for organ in organs:
        if organ not in known:
            raise InputError("no such organ", field="organ", value=organ, expected=", ".join(known))
    values = nominal(model)
    own_states = tuple(s for s in model.states if model.owner.get(s) in organs)
    rules = tuple((k, e) for k, e in model.rules if model.owner.get(k) in organs)
    rates = {k: e for k, e in model.rates.items() if model.owner.get(k) in organs}
    reactions = tuple(r for r in model.reactions if any(s in own_states for s, _ in r.stoichiometry))
    kept = {k for k, _ in rules}
    rule_of = dict(model.rules)
    reads: set[str] = set().union(*(e.symbols() for _, e in rules), *(e.symbols() for e in rates.values()))
    reads |= set().union(*(r.rate.symbols() for r in reactions))
    starts = {s: model.starts[s] for s in own_states}
    reads |= set().union(*(e.symbols() for e in starts.values()))
    moved = {s for r in reactions for s, _ in r.stoichiometry}
    others = tuple(s for s in model.states if s in moved and s not in own_states)
    starts |= {s: number(values[s], model.unit_of[s]) for s in others}
    traits = {
        s: replace(t, accumulator=t.accumulator and s not in reads) for s, t in model.traits.items() if s in starts
    }
    outside = (reads - kept - set(own_states) - set(others)) & (set(values) | set(rule_of))
    return Model(
        name=name,
        states=own_states + others,
        parameters={k: values[k] for k in sorted(outside)},
        starts=starts,
        rules=rules,
        reactions=reactions,
        rates=rates,
        traits=traits,
        unit_of=model.unit_of,
        units=model.units,
        owner=model.owner,
        time_unit=model.time_unit,
        amounts=model.amounts & set(own_states + others),
    )


def to_sbml(model: Model) -> str:
    """The model as SBML Level 3 Version 2 text.

    Raises
    ------
    InputError
        If libSBML finds anything to say against it (this would be a defect of the model or of Livedo).
    """
    import libsbml

    document = libsbml.SBMLDocument(3, 2)
    out = document.createModel(f"livedo_{model.name}")
    _write_units(out, model)
    values = nominal(model)
    compartment = out.createCompartment()
    compartment.setId("body")
    compartment.setSize(1.0)
    compartment.setSpatialDimensions(3)
    compartment.setUnits("litre")
    compartment.setConstant(True)
    for name in model.states:
        if name in model.amounts:
            item = out.createSpecies()
            item.setCompartment("body")
            item.setHasOnlySubstanceUnits(True)
            item.setBoundaryCondition(False)
            item.setSubstanceUnits(model.unit_of[name])
            item.setInitialAmount(values[name])
            item.setConstant(False)
            item.setId(name)
        else:
            _parameter(out, name, model.unit_of[name], values[name], constant=False)
    for name, value in model.parameters.items():
        if name != "body":
            _parameter(out, name, model.unit_of[name], value, constant=True)
    for name, expr in model.rules:
        _parameter(out, name, model.unit_of[name], values[name], constant=False)
        rule = out.createAssignmentRule()
        rule.setVariable(name)
        rule.setMath(_math(expr))
    for name, expr in model.rates.items():
        rule = out.createRateRule()
        rule.setVariable(name)
        rule.setMath(_math(expr))
    for reaction in model.reactions:
        _write_reaction(out, reaction, set(model.states))
    return _checked(document)


def to_antimony(model: Model) -> str:
    """The model as Antimony text."""
    import antimony

    antimony.clearPreviousLoads()
    antimony.loadSBMLString(to_sbml(model))
    text = antimony.getAntimonyString(antimony.getMainModuleName()) or ""
    antimony.clearPreviousLoads()
    return text


def _write_units(out: Any, model: Model) -> None:
    import libsbml

    used = {u for u in model.unit_of.values() if u in model.units}
    expressions = [e for _, e in model.rules] + list(model.rates.values()) + [r.rate for r in model.reactions]
    used |= {n.unit for e in expressions for n in e.walk() if n.op == "number" and n.unit in model.units}
    special = {"substance": out.setSubstanceUnits, "extent": out.setExtentUnits, "time_unit": out.setTimeUnits}
    special["volume"] = out.setVolumeUnits
    for identifier in sorted(used | (set(special) & set(model.units)) | {model.time_unit} & set(model.units)):
        definition = out.createUnitDefinition()
        definition.setId(identifier)
        unit = model.units[identifier]
        parts = list(unit.dimension) or [("dimensionless", Fraction(1))]
        for place, (kind, exponent) in enumerate(parts):
            part = definition.createUnit()
            part.setKind(libsbml.UnitKind_forName(kind))
            part.setExponent(float(exponent))
            part.setScale(0)
            part.setMultiplier(unit.factor ** (1.0 / float(exponent)) if place == 0 else 1.0)
        if identifier in special:
            special[identifier](identifier)
    out.setTimeUnits(model.time_unit)
    if "mmol" in model.units:
        out.setSubstanceUnits("mmol")
        out.setExtentUnits("mmol")
    out.setVolumeUnits("litre")


def _parameter(out: Any, name: str, unit: str, value: float, constant: bool) -> None:
    item = out.createParameter()
    item.setId(name)
    item.setUnits(unit or "dimensionless")
    item.setValue(value)
    item.setConstant(constant)


def _write_reaction(out: Any, reaction: Any, states: set[str]) -> None:
    item = out.createReaction()
    item.setId(reaction.name)
    item.setReversible(True)
    for name, size in reaction.stoichiometry:
        reference = item.createReactant() if size < 0 else item.createProduct()
        reference.setSpecies(name)
        reference.setStoichiometry(abs(size))
        reference.setConstant(True)
    moved = {name for name, _ in reaction.stoichiometry}
    law = item.createKineticLaw()
    law.setMath(_math(reaction.rate))
    model = out
    for name in sorted((reaction.rate.symbols() & states) - moved):
        if model.getSpecies(name) is not None:
            item.createModifier().setSpecies(name)


def _math(expr: Expr) -> Any:
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setParseUnits(True)
    settings.setParseLog(libsbml.L3P_PARSE_LOG_AS_LN)
    text = infix(expr, "units")
    math = libsbml.parseL3FormulaWithSettings(text, settings)
    if math is None:
        raise InputError("the equation cannot be written as SBML", value=text)
    return math


def _checked(document: Any) -> str:
    import libsbml

    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    if document.checkConsistency():
        found = [document.getError(i).getMessage().strip() for i in range(document.getNumErrors())]
        raise InputError("libSBML does not accept the export", value="; ".join(found[:3]))
    return libsbml.writeSBMLToString(document)
