"""A fleet of agents on the product's own core, in simulated time.

Method: a heap of events, one register as the store (`world`), and for each node its
own clocks (offset, and a rate within half the drift assumed), a guard that goes by
the grants it was given, and a workload that counts up while it works (`node`). Two
operators give orders of every kind (`operators`). Requests are delayed, lost before or
after taking effect, or arrive late; nodes are partitioned, frozen, killed, end with
their session and are started again. Everything follows from the seed. What must
always hold is checked at every event and at every write (`truth`).
"""

from tests.property.fleet.node import Node
from tests.property.fleet.odds import CALM, Odds
from tests.property.fleet.world import Fleet

__all__ = ["CALM", "Fleet", "Node", "Odds"]
