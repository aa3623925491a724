"""`key`: what signs orders, code and settings.

Operators have its secret seed, agents only its public half. It is in the system's
keyring, or in $COLABVPS_FLEET_KEY where there is none.
"""

COMMANDS = {
    "show": "Show which key is in force, and whether this machine has it.",
    "rotate": "Change the fleet's key; agents follow by themselves.",
}
