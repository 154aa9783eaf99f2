// What both nodes have in common, and which of two nodes has the newer of it. Pure.
#ifndef ALOHA_SUPERVISOR_PEERS_SHARED_STATE_H_
#define ALOHA_SUPERVISOR_PEERS_SHARED_STATE_H_

#include <string>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"
#include "peer/v1/push.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Takes out what belongs to a node alone: network, management, and of high_availability role,
// priority, interface, peer and link_address.
config::v1::Config SharedConfig(config::v1::Config config);
// What a node with the configuration `own` runs when the other one has `shared`. A node without
// high_availability gets its shared part with the role DISABLED; where `shared` has none, `own`
// keeps its own.
config::v1::Config MergeConfig(const config::v1::Config& own, config::v1::Config shared);

// The certificates and trust anchors that are shared: all but those read from files.
config::v1::StoredCertificates SharedCertificates(config::v1::StoredCertificates all);
// With the node's own ones, which are read from files; they go before others of their name.
config::v1::StoredCertificates MergeCertificates(const config::v1::StoredCertificates& own,
                                                 config::v1::StoredCertificates shared);

// BLAKE2b, 32 bytes. Of the state, without the certificate that stands in where none is named.
std::string DigestOf(const peer::v1::State& state);
// Of what nodes make by themselves: the secret and that certificate.
std::string OwnDigestOf(const peer::v1::State& state, const std::string& secret);
// Of the state as it is, all of it.
std::string WholeDigestOf(const peer::v1::State& state);

// kInvalidArgument when it holds what this version does not know, and would lose.
Result<> CheckKnown(const peer::v1::State& state);

// kInvalidArgument: one of them is none, or is read from a file. Names become parts of texts and of
// other names.
Result<> CheckNames(const config::v1::StoredCertificates& certificates);

// Nobody has set up anything yet, but perhaps high availability: a fresh node.
bool IsUntouched(const peer::v1::State& state);

// As text, for people to compare; keys and certificates by what they are known by.
std::string DescribeState(const peer::v1::State& state);

// Both are of one state; those of states that nobody changed are equal, whoever's they are.
bool SameStamp(const peer::v1::Stamp& a, const peer::v1::Stamp& b);
bool IsOlder(const peer::v1::Stamp& a, const peer::v1::Stamp& b);

enum class Verdict {
  kInSync,
  kPush,      // what this node has is newer
  kPull,      // what the other has is newer
  kConflict,  // neither comes from the other
  kSameNode,  // both have the same identity: one is a copy of the other
};
// Both nodes come to opposite verdicts.
//   The same state, or the same stamp: in sync, but for what nodes make by themselves.
//   One's state was made from the other's: the newer one goes on.
//   One was never changed: it takes the other's.
//   One did not change since they last agreed (perhaps it started with an older saved one): it
//   takes the other's, and if neither changed, the older one takes the newer.
//   Else both changed, and nobody but an administrator knows which is meant.
Verdict Compare(const peer::v1::Position& mine, const peer::v1::Position& theirs);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_SHARED_STATE_H_
