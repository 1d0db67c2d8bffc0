# The lake alone needs no warehouse. Where there is one, this file makes it.
locals {
  # Whether the day loads a published date.
  warehouse = false

  # Its functions by name, each a modules/rust_lambda: the state machines invoke
  # them, and alarms and the dashboard have them. What `load` may do in the lake is in
  # rights.tf, how large it is in sizes.tf.
  warehouse_functions = {}
}
