"""The product with one of the rules taken out that safety rests on.

Goal: a simulation that would notice. Method: each mutant replaces one function of the
product while a seed runs, in a mixture of faults that makes what it breaks likely. It is
dead as soon as one seed ends in a violation.
"""

from __future__ import annotations

from tests.simulation.mutants.data import DATA
from tests.simulation.mutants.found import FOUND
from tests.simulation.mutants.kinds import Mutant
from tests.simulation.mutants.lease import LEASE
from tests.simulation.mutants.orders import ORDERS
from tests.simulation.mutants.time import TIME

MUTANTS: tuple[Mutant, ...] = (*TIME, *LEASE, *ORDERS, *DATA, *FOUND)

__all__ = ["MUTANTS", "Mutant"]
