"""Units in which studies print their numbers, from the table of analytes."""

from __future__ import annotations

from livedo.records import express

#: mg/dL, pg/mL or ng/mL for one canonical unit (mmol/L, pmol/L, nmol/L).
MG_DL_P = express(1.0, "phosphate", "mg/dL")
MG_DL_CA = express(1.0, "calcium_total", "mg/dL")
PG_ML_PTH = express(1.0, "pth", "pg/mL")
PG_ML_CALCITRIOL = express(1.0, "calcitriol", "pg/mL")
NG_ML_CALCIDIOL = express(1.0, "calcidiol", "ng/mL")
#: Milligrams in a millimole.
MG_P = 10 * MG_DL_P
MG_CA = 10 * MG_DL_CA
#: mL/min in L/h.
ML_MIN = 1000.0 / 60.0
