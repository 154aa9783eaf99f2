// Transcripts of dialogues, as tests/golden/mail holds them.
#ifndef ALOHA_TESTS_UNIT_MAIL_TRANSCRIPT_H_
#define ALOHA_TESTS_UNIT_MAIL_TRANSCRIPT_H_

#include <string>
#include <vector>

namespace aloha::mail {

// Names of the transcripts, sorted.
std::vector<std::string> TranscriptNames();
std::string ReadTranscript(const std::string& name);
void WriteTranscript(const std::string& name, const std::string& transcript);

// The transcript with its outputs as the dialogue gives them now. piece: the server's bytes come in
// pieces of this size, and the outputs of the pieces are joined.
std::string Replay(const std::string& transcript, size_t piece = std::string::npos);

}  // namespace aloha::mail

#endif  // ALOHA_TESTS_UNIT_MAIL_TRANSCRIPT_H_
