# The size of each function. 1769 MiB of memory give one full CPU; new accounts are limited
# to 3008 MiB. The timeout of `api` is one second below API Gateway's, because the first
# request loads the state.
locals {
  default_sizes = {
    transform = { memory_mib = 1769, timeout_seconds = 120, ephemeral_mib = 512 }
    plan      = { memory_mib = 1024, timeout_seconds = 300, ephemeral_mib = 512 }
    split     = { memory_mib = 3008, timeout_seconds = 900, ephemeral_mib = 2048 }
    compact   = { memory_mib = 3008, timeout_seconds = 900, ephemeral_mib = 10240 }
    gather    = { memory_mib = 1024, timeout_seconds = 300, ephemeral_mib = 512 }
    check     = { memory_mib = 3008, timeout_seconds = 900, ephemeral_mib = 4096 }
    prepare   = { memory_mib = 1024, timeout_seconds = 300, ephemeral_mib = 512 }
    marts     = { memory_mib = 3008, timeout_seconds = 900, ephemeral_mib = 10240 }
    book      = { memory_mib = 1024, timeout_seconds = 300, ephemeral_mib = 512 }
    publish   = { memory_mib = 512, timeout_seconds = 300, ephemeral_mib = 512 }
    audit     = { memory_mib = 3008, timeout_seconds = 900, ephemeral_mib = 512 }
    replay    = { memory_mib = 1769, timeout_seconds = 900, ephemeral_mib = 512 }
    rebuild   = { memory_mib = 1769, timeout_seconds = 900, ephemeral_mib = 512 }
    sweep     = { memory_mib = 512, timeout_seconds = 900, ephemeral_mib = 512 }
    alert     = { memory_mib = 256, timeout_seconds = 30, ephemeral_mib = 512 }
    load      = { memory_mib = 512, timeout_seconds = 60, ephemeral_mib = 512 }
    api       = { memory_mib = 1024, timeout_seconds = 29, ephemeral_mib = 512 }
  }

  sizes = {
    for function, size in local.default_sizes : function => {
      memory_mib      = coalesce(try(var.sizes[function].memory_mib, null), size.memory_mib)
      timeout_seconds = coalesce(try(var.sizes[function].timeout_seconds, null), size.timeout_seconds)
      ephemeral_mib   = coalesce(try(var.sizes[function].ephemeral_mib, null), size.ephemeral_mib)
    }
  }
}
