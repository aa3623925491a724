"""The rules that `decide`'s table names, one file for each kind of member.

A rule is a pure function from what an agent knows to what it does next. It may
assume the member and the finding of its rows, and nothing else.
"""
