// What a backup takes along, and what restoring one makes of what is here. Pure.
#ifndef ALOHA_SUPERVISOR_BACKUP_RESTORE_H_
#define ALOHA_SUPERVISOR_BACKUP_RESTORE_H_

#include <set>
#include <string>
#include <vector>

#include "admin/v1/backup.pb.h"
#include "config/v1/backup.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Takes out what must not leave the machine in clear.
void DropSecrets(config::v1::BackupContent* content);

// kInvalidArgument: something in it could not be kept.
Result<> CheckContent(const config::v1::BackupContent& content);

// private_keys: how many are beside the content.
admin::v1::BackupContents DescribeContents(const config::v1::BackupContent& content,
                                           size_t private_keys);

// Sentences for people, in the order in which they matter.
using Sentences = std::vector<std::string>;

// What there is afterwards; `steps` gets a sentence for each change. Nothing that is here is lost
// but what has a name of the backup's.
//
// held: private keys that are here then, by the SHA-256 of their public keys. A certificate without
// its private key takes no place of one with it.
config::v1::StoredCertificates CertificatesAfter(const config::v1::StoredCertificates& own,
                                                 const config::v1::StoredCertificates& restored,
                                                 const std::set<std::string>& held,
                                                 Sentences* steps);
// The backup's accounts and tokens, and no others. Where second factors are not in the backup,
// those of accounts that are here stay.
config::v1::Access UsersAfter(const config::v1::Access& own, const config::v1::Access& restored,
                              bool with_second_factors, Sentences* steps);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_BACKUP_RESTORE_H_
