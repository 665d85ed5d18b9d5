#pragma once

namespace squall {

/// Releases with `Free` what a C library has made: `std::unique_ptr<X509, Freed<X509_free>>`.
template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace squall
