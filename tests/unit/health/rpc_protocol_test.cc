#include "workers/health/rpc_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/health/dialogue_script.h"

namespace aloha::health {
namespace {

std::string U16(unsigned value, bool little = true) {
  const char low = static_cast<char>(value & 0xff), high = static_cast<char>(value >> 8);
  return little ? std::string{low, high} : std::string{high, low};
}

// A PDU with its length filled in.
std::string Pdu(unsigned type, const std::string& body, bool little = true) {
  std::string pdu = {5, 0, static_cast<char>(type), 3, static_cast<char>(little ? 0x10 : 0), 0,
                     0, 0};
  pdu += U16(static_cast<unsigned>(16 + body.size()), little) + U16(0);
  return pdu + std::string("\x01\0\0\0", 4) + body;
}

std::string BindAckBody(unsigned result, unsigned reason, bool little = true,
                        const std::string& address = std::string("135\0", 4)) {
  std::string body = U16(5840, little) + U16(5840, little) + std::string(4, 'g');
  body += U16(static_cast<unsigned>(address.size()), little) + address;
  while (body.size() % 4 != 0) body += '\0';
  body += std::string("\x01\0\0\0", 4) + U16(result, little) + U16(reason, little);
  return body + std::string(20, 's');
}

constexpr unsigned kBindAck = 12, kBindNak = 13, kFault = 3;

TEST(EndpointMapperDialogue, SendsABind) {
  const auto mapper = MakeEndpointMapperDialogue();
  const std::string bind = Play(*mapper, "").sent;
  ASSERT_EQ(bind.size(), 72u);
  EXPECT_EQ(bind.substr(0, 4), std::string("\5\0\x0b\3", 4));
  EXPECT_EQ(bind.substr(8, 2), U16(72));
  EXPECT_EQ(bind.substr(32, 8), "\x08\x83\xaf\xe1\x1f\x5d\xc9\x11");
}

TEST(EndpointMapperDialogue, TakesAnAcceptance) {
  const auto mapper = MakeEndpointMapperDialogue();
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, BindAckBody(0, 0))).reason, "bind accepted");
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, BindAckBody(0, 0, false), false)).verdict,
            Verdict::kSuccess);
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, BindAckBody(0, 0, true, ""))).verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, BindAckBody(0, 0)) + "more").verdict, Verdict::kSuccess);
}

TEST(EndpointMapperDialogue, ExplainsARefusal) {
  const auto mapper = MakeEndpointMapperDialogue();
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, BindAckBody(2, 1))).reason,
            "bind_ack refuses the endpoint mapper: abstract syntax not supported");
  EXPECT_EQ(Play(*mapper, Pdu(kBindNak, U16(4))).reason,
            "bind refused: protocol version not supported");
  EXPECT_EQ(Play(*mapper, Pdu(kBindNak, "")).reason, "bind_nak is cut short");
  EXPECT_EQ(Play(*mapper, Pdu(kFault, std::string(16, 0))).reason,
            "answer was a PDU of type 3, expected bind_ack");
}

TEST(EndpointMapperDialogue, RefusesWhatIsNotRpc) {
  const auto mapper = MakeEndpointMapperDialogue();
  EXPECT_EQ(Play(*mapper, "HTTP/1.1 400 Bad Request\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*mapper, "", true).reason, "connection closed before the answer to the bind");
  EXPECT_EQ(Play(*mapper, Pdu(kBindAck, "").substr(0, 9), true).reason,
            "connection closed after 9 bytes of the answer to the bind");
}

TEST(EndpointMapperDialogue, NeverReadsPastThePdu) {
  const auto mapper = MakeEndpointMapperDialogue();
  const std::string good = Pdu(kBindAck, BindAckBody(0, 0));
  // Every shorter claim of length, and every claim of the secondary address.
  for (unsigned length = 0; length < good.size(); ++length) {
    std::string cut = good;
    cut.replace(8, 2, U16(length));
    EXPECT_EQ(Play(*mapper, cut).verdict, Verdict::kFailure) << length;
  }
  for (unsigned claim = 5; claim < 65536; claim += 7) {
    std::string wild = good;
    wild.replace(24, 2, U16(claim));
    EXPECT_NE(RunPieces(*mapper, wild, true, wild.size()).verdict, Verdict::kMore) << claim;
  }
  std::string huge = good;
  huge.replace(8, 2, U16(65535));
  EXPECT_EQ(Play(*mapper, huge).reason,
            "answer claims a length of 65535 bytes, expected 16 to 5840");
}

}  // namespace
}  // namespace aloha::health
