"""What an operator's order comes to.

Decided here: whether an order whose signature was good is taken, void or
refused, from the evidence it carries: `holder` for those that the holder of the
lease carries out, `standby` for those that somebody else does. An order is a
request: carrying it out is a lease write that holds its id, which is what makes
it happen once. Not decided here: signatures, and the age at which an order
expires (both are checked before an order gets here).
"""
