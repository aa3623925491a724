"""The screen: a Textual app over the console's headless core. No other command imports it.

`bindings` is the one table of keys; `poller` reads the store in threads; `columns`, `render` and
`timeline` say what is drawn (pure); `table` and `panels` draw lines; `dialogs` asks questions;
`fleet_screen` is the whole; `app` is its life and its end.
"""
