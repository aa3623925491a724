"""Getting the program to where it runs: code bundles, set-up, secrets, signed settings, keys.

Decided here: what operators publish and what agents make of it. Everything read
from the store is believed only with the signature of the fleet's key, and a
version older than one seen before is not obeyed. Not decided here: when a
session warms up (`core`), and what runs at this moment (`guard`).

| module | decides |
| --- | --- |
| `signed` | how a version is written, once, and which one is the newest |
| `bundle` | what is said of a published code folder, and the bounds it keeps |
| `packing`, `unpacking` | a folder as one archive, and back, trusting nothing |
| `transfer` | an archive in the store, piece by piece |
| `setup`, `runner` | the set-up command, of which nothing outlives its agent |
| `kits` | what an agent runs in |
| `secret_env` | secrets, from the environment or the keyring |
| `receivers` | where notices go, with the secrets of their addresses |
| `fleetconfig` | the published settings, and how a file differs from them |
| `keys` | which key is the fleet's by now |
"""
