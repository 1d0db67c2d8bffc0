//! Kernels over the sorted events of one bucket of users.
