"""Coefficients of Rosenbrock methods, in the form that needs no matrix products.

With u the stage vectors, stage i solves ``(1/(gamma h) - J) u_i = f(y + sum_j a_ij u_j) + sum_j (c_ij / h) u_j``. The result is
``y + sum_i m_i u_i`` and the error estimate ``sum_i e_i u_i``. All methods here are stiffly accurate: the last stage
starts from the embedded result, so m is the last row of a with a one behind it and the error is the last stage.
``tests/engine/test_tableaus.py`` checks the order conditions from these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Tableau:
    """One method.

    Attributes
    ----------
    order:
        Order of the result; the embedded result is one lower.
    gamma:
        Diagonal coefficient.
    a, c:
        Rows of the lower triangles, for stages 2 to s.
    dense:
        Rows of the dense output: k_r = sum_i dense[r][i] u_i, and
        ``y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta)(k_1 + theta (k_2 + theta k_3)))``.
    source:
        Where the numbers come from.
    """

    name: str
    order: int
    gamma: float
    a: tuple[tuple[float, ...], ...]
    c: tuple[tuple[float, ...], ...]
    dense: tuple[tuple[float, ...], ...]
    source: str

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.a) + 1

    @property
    def m(self) -> tuple[float, ...]:
        """Weights of the result."""
        return (*self.a[-1], 1.0)

    @cached_property
    def classical(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(alpha, Gamma, b) of the classical form, for the order conditions.

        With C the lower triangle c, ``Gamma^-1 = diag(1/gamma) - C``, ``alpha = a Gamma`` and ``b = m Gamma``.
        """
        s = self.stages
        a, c = np.zeros((s, s)), np.zeros((s, s))
        for i in range(1, s):
            a[i, :i] = self.a[i - 1]
            c[i, :i] = self.c[i - 1]
        gamma = np.linalg.inv(np.eye(s) / self.gamma - c)
        return a @ gamma, gamma, np.asarray(self.m) @ gamma


RODAS4 = Tableau(
    name="RODAS4",
    order=4,
    gamma=0.25,
    a=(
        (1.544,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
    ),
    c=(
        (-5.6688,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
        (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
    ),
    dense=(
        (10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662, 0.0),
        (-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872, 0.0),
    ),
    source="Hairer and Wanner, Solving Ordinary Differential Equations II (1996), section IV.10",
)

RODAS4P = Tableau(
    name="RODAS4P",
    order=4,
    gamma=0.25,
    a=(
        (3.0,),
        (1.831036793486759, 0.4955183967433795),
        (2.304376582692669, -0.05249275245743001, -1.176798761832782),
        (-7.170454962423024, -4.741636671481785, -16.31002631330971, -1.062004044111401),
        (-7.170454962423024, -4.741636671481785, -16.31002631330971, -1.062004044111401, 1.0),
    ),
    c=(
        (-12.0,),
        (-8.791795173947035, -2.207865586973518),
        (10.81793056857153, 6.780270611428266, 19.53485944642410),
        (34.19095006749676, 15.49671153725963, 54.74760875964130, 14.16005392148534),
        (34.62605830930532, 15.30084976114473, 56.99955578662667, 18.40807009793095, -5.714285714285717),
    ),
    dense=(
        (25.09876703708589, 11.62013104361867, 28.49148307714626, -5.664021568594133, 0.0, 0.0),
        (1.638054557396973, -0.7373619806678748, 8.477918219238990, 15.99253148779520, -1.882352941176471, 0.0),
    ),
    source="Steinebach 1995, TH Darmstadt preprint 1741; Hairer and Wanner, Solving ODEs II (1996), section IV.7",
)

RODAS5P = Tableau(
    name="RODAS5P",
    order=5,
    gamma=0.21193756319429014,
    a=(
        (3.0,),
        (2.849394379747939, 0.45842242204463923),
        (-6.954028509809101, 2.489845061869568, -10.358996098473584),
        (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
        (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946),
        (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1.0),
        (
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
            1.0,
            1.0,
        ),
    ),
    c=(
        (-14.155112264123755,),
        (-17.97296035885952, -2.859693295451294),
        (147.12150275711716, -1.41221402718213, 71.68940251302358),
        (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
        (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
        (
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
        ),
        (
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ),
    ),
    dense=(
        (
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ),
        (
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ),
        (
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ),
    ),
    source="Steinebach, BIT Numerical Mathematics 63 (2023) 27, doi:10.1007/s10543-023-00967-x",
)

METHODS = {t.name: t for t in (RODAS4, RODAS4P, RODAS5P)}
