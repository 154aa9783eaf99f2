#include "tests/unit/keys/pki.h"

#include <memory>

namespace aloha::keys {
namespace {

constexpr const char* kMake = R"(
set -e
newkey() {
  case $2 in
    rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $1.key;;
    *) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$2 -out $1.key;;
  esac
}
root() {
  newkey $1 $2
  openssl req -new -x509 -sha256 -key $1.key -subj "/CN=$1/O=Test \"and\" Sons" -days 3650 -out $1.pem
}
signed() {  # name, curve, issuer, subject, extensions, dates
  newkey $1 $2
  openssl req -new -key $1.key -subj "$4" -out $1.csr
  printf "$5" >$1.ext
  openssl x509 -req -sha256 -in $1.csr -CA $3.pem -CAkey $3.key -set_serial 0x0a${#1} -extfile $1.ext \
    -days 365 -out $1.pem
}
leaf='subjectAltName=DNS:mail.example.org,DNS:autodiscover.example.org,IP:192.0.2.1,IP:2001:db8::1
authorityInfoAccess=OCSP;URI:http://ocsp.example.org/
'
root root P-256
root other rsa
signed middle P-256 root /CN=middle 'basicConstraints=critical,CA:TRUE\n'
signed rsa rsa middle /O=Example/CN=mail.example.org "$leaf"
signed p256 P-256 middle /CN=p256.example.org "$leaf"
signed p384 P-384 middle /CN=p384.example.org "$leaf"
cat rsa.pem middle.pem root.pem >all.pem
mkdir ca; touch ca/index
cat >ca.conf <<END
[ca]
default_ca = d
[d]
database = ca/index
new_certs_dir = ca
default_md = sha256
policy = p
rand_serial = yes
unique_subject = no
[p]
commonName = supplied
END
dated() {  # name, from, until
  newkey $1 P-256
  openssl req -new -key $1.key -subj /CN=$1.example.org -out $1.csr
  printf "$leaf" >$1.ext
  openssl ca -batch -notext -config ca.conf -cert middle.pem -keyfile middle.key -in $1.csr -out $1.pem \
    -startdate $2 -enddate $3 -extfile $1.ext
}
dated old 20200101000000Z 20210101000000Z
dated future 20900101000000Z 20910101000000Z
)";

}  // namespace

const Scratch& Pki() {
  static const std::unique_ptr<const Scratch> pki = [] {
    auto made = std::make_unique<Scratch>();
    made->Write("make.sh", kMake);
    made->Run("sh make.sh");
    return made;
  }();
  return *pki;
}

}  // namespace aloha::keys
