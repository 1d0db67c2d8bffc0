# The lake alone needs no warehouse. Where there is one, this file makes it.
locals {
  # Whether the day loads a published date.
  warehouse = false

  # Its functions by name, each a modules/rust_lambda: the state machines invoke
  # them and the dashboard shows them.
  warehouse_functions = {}
}
