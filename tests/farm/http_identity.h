// Authentication that belongs to a connection, as Windows servers do it (MS-NTHT, RFC 4559): the
// reason why a balancer must not lend a server connection to another client.
//
// Tokens are plain words instead of base64, so that tests can write and read them:
//   Authorization: NTLM TYPE1.USER                → 401, WWW-Authenticate: NTLM TYPE2.CHALLENGE
//   Authorization: NTLM TYPE3.USER.CHALLENGE      → the connection is USER's from here on
//   Authorization: Negotiate TICKET.USER.ANYTHING → the same at once
#ifndef ALOHA_TESTS_FARM_HTTP_IDENTITY_H_
#define ALOHA_TESTS_FARM_HTTP_IDENTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace aloha::farm {

class HttpIdentity {
 public:
  // `connection`: what the challenge is made of, unique in the process.
  explicit HttpIdentity(uint64_t connection) : connection_(connection) {}

  // Takes the Authorization value of a request (empty: none) and tells who the connection belongs
  // to now; empty: nobody.
  const std::string& Take(std::string_view authorization);

  // The WWW-Authenticate lines of a 401 now.
  std::string Challenge() const;

 private:
  const uint64_t connection_;
  std::string user_;
  std::string challenge_;  // not empty: sent, and not answered yet
};

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_HTTP_IDENTITY_H_
