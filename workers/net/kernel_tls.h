// The kernel's record layer (kTLS; Documentation/networking/tls.rst of Linux), as TlsRecords hands
// directions over to it.
#ifndef ALOHA_WORKERS_NET_KERNEL_TLS_H_
#define ALOHA_WORKERS_NET_KERNEL_TLS_H_

#include "workers/runtime/error.h"

namespace aloha::net {

// Whether this kernel takes over records, tried out on a pair of sockets on loopback; so before
// confinement. The module `tls` has to be loaded already: only privileged processes make the kernel
// load it.
Result<> ProbeKernelTls();

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_KERNEL_TLS_H_
