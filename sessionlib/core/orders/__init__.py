"""What an operator's order comes to: whether it is taken, void or refused, by its evidence.

`holder` judges the orders for the holder of the lease, `standby` all others. An order is a
request. Carrying it out is a lease write that holds its id, so it happens once. Its signature
and its age were checked before it gets here.
"""
