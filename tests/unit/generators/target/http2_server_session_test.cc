#include "generators/target/http2_server_session.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using testing::ElementsAre;
using Headers = std::vector<std::pair<std::string, std::string>>;

/// A real HTTP/2 client (nghttp2's) in memory.
class Client {
 public:
  struct Answer {
    std::map<std::string, std::string> headers;
    std::string body;
    bool is_closed = false;
    std::uint32_t code = 0;
  };

  Client() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { nghttp2_session_del(session_); }

  std::int32_t request(const std::string& method, const std::string& path, const Headers& more = {},
                       const std::string& body = {}) {
    Headers headers{{":method", method}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
    headers.insert(headers.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> pairs;
    pairs.reserve(headers.size());
    for (auto& [name, value] : headers) {
      pairs.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                       reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NONE});
    }
    to_send_ = body;
    nghttp2_data_provider provider{};
    provider.source.ptr = &to_send_;
    provider.read_callback = read_body;
    return nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(),
                                  body.empty() ? nullptr : &provider, nullptr);
  }
  void reset(std::int32_t stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  /// Carries bytes to and fro until there are none, in pieces of `piece` bytes.
  void talk_to(StreamServerSession& server, std::size_t piece = 65536) {
    for (bool is_moving = true; is_moving;) {
      is_moving = false;
      const std::uint8_t* bytes = nullptr;
      for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
        is_moving = true;
        for (std::size_t at = 0; at < static_cast<std::size_t>(n); at += piece) {
          server.receive({bytes + at, std::min(piece, static_cast<std::size_t>(n) - at)});
        }
      }
      std::vector<std::uint8_t> reply;
      server.pull(reply, 65536);
      largest_pull = std::max(largest_pull, reply.size());
      if (reply.empty()) continue;
      is_moving = true;
      EXPECT_GE(nghttp2_session_mem_recv(session_, reply.data(), reply.size()), 0);
    }
  }

  std::map<std::int32_t, Answer> answers;
  bool got_go_away = false;
  std::size_t largest_pull = 0;

 private:
  static Client& of(void* user) { return *static_cast<Client*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_length, const std::uint8_t* value, std::size_t value_length,
                       std::uint8_t, void* user) {
    of(user).answers[frame->hd.stream_id].headers.emplace(std::string(name, name + name_length),
                                                          std::string(value, value + value_length));
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t length, void* user) {
    of(user).answers[stream].body.append(data, data + length);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user) {
    of(user).answers[stream].is_closed = true;
    of(user).answers[stream].code = code;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) of(user).got_go_away = true;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& rest = *static_cast<std::string*>(source->ptr);
    const std::size_t part = std::min(room, rest.size());
    std::copy_n(rest.begin(), part, into);
    rest.erase(0, part);
    if (rest.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  nghttp2_session* session_ = nullptr;
  std::string to_send_;
};

/// Answers at once with what it was told to, or lets requests wait.
class Service : public ServerSession::Handler {
 public:
  void on_request(ServerSession& session, const ReceivedRequest& request) override {
    seen.push_back(std::string(request.method) + " " + std::string(request.path));
    last_body = request.body;
    was_complete = request.is_body_complete;
    if (waits) {
      session.wait_at(request.stream, static_cast<std::uint64_t>(request.stream) + 100);
    } else {
      session.answer(request.stream, status, body);
    }
  }
  void on_abandoned(std::uint64_t place) override { abandoned.push_back(place); }

  int status = 200;
  Bytes body{64};
  bool waits = false;
  std::vector<std::string> seen;
  std::string last_body;
  bool was_complete = true;
  std::vector<std::uint64_t> abandoned;
};

struct Http2ServerSessionTest : testing::Test {
  std::unique_ptr<StreamServerSession> server_for(Service& handler) {
    return *Http2ServerSession::make(handler, true);
  }
  Service service;
  std::unique_ptr<StreamServerSession> server = server_for(service);
  Client client;
};

TEST_F(Http2ServerSessionTest, AnswersWithExactlyTheBytesAskedFor) {
  service.body = Bytes{1'000'003};
  const auto stream = client.request("GET", "/big");
  client.talk_to(*server);
  const Client::Answer& answer = client.answers[stream];
  EXPECT_EQ(answer.headers.at(":status"), "200");
  EXPECT_EQ(answer.headers.at("content-length"), "1000003");
  ASSERT_EQ(answer.body.size(), 1'000'003U);
  for (std::size_t at = 0; at < answer.body.size(); ++at) {
    ASSERT_EQ(answer.body[at], kBodyText[at % 64]) << at;
  }
  // Made while it is sent: never more at once than was asked for, and a frame.
  EXPECT_LE(client.largest_pull, 65536U + 16384U + 9U);
}

TEST_F(Http2ServerSessionTest, UnderstandsBytesThatComeOneByOne) {
  const auto stream = client.request("POST", "/x", {{"content-length", "5"}}, "hello");
  client.talk_to(*server, 1);
  EXPECT_THAT(service.seen, ElementsAre("POST /x"));
  EXPECT_EQ(client.answers[stream].body.size(), 64U);
}

TEST_F(Http2ServerSessionTest, HeadHasTheLengthButNoBody) {
  const auto stream = client.request("HEAD", "/");
  client.talk_to(*server);
  EXPECT_EQ(client.answers[stream].headers.at("content-length"), "64");
  EXPECT_EQ(client.answers[stream].body, "");
  EXPECT_TRUE(client.answers[stream].is_closed);
}

TEST_F(Http2ServerSessionTest, NoContentHasNeitherBodyNorLength) {
  service.status = 204;
  const auto stream = client.request("GET", "/");
  client.talk_to(*server);
  EXPECT_EQ(client.answers[stream].headers.at(":status"), "204");
  EXPECT_EQ(client.answers[stream].headers.count("content-length"), 0U);
  EXPECT_TRUE(client.answers[stream].is_closed);
}

TEST_F(Http2ServerSessionTest, CountsBodiesAndDropsThem) {
  client.request("POST", "/upload", {}, std::string(300'000, 'x'));
  client.talk_to(*server);
  EXPECT_EQ(server->body_bytes_received(), 300'000U);
  EXPECT_EQ(service.last_body, "");
}

TEST_F(Http2ServerSessionTest, KeepsTheBodiesOfAdminRequestsUpToALimit) {
  client.request("PUT", "/.squall/behaviour", {}, "{}");
  client.talk_to(*server);
  EXPECT_EQ(service.last_body, "{}");
  EXPECT_TRUE(service.was_complete);
  client.request("PUT", "/.squall/behaviour", {}, std::string(70'000, ' '));
  client.talk_to(*server);
  EXPECT_LE(service.last_body.size(), ServerSession::kKeptBody);
  EXPECT_FALSE(service.was_complete);
}

TEST_F(Http2ServerSessionTest, ResetsARequestWithTooManyHeaders) {
  Headers many;
  for (int n = 0; n < 40; ++n) many.emplace_back("x-" + std::to_string(n), std::string(1700, 'v'));
  many.resize(34);  // Within what nghttp2's client sends at most, 64 KiB without overheads…
  for (int n = 0; n < 300; ++n) many.emplace_back("y-" + std::to_string(n), "");  // …not with.
  const auto stream = client.request("GET", "/", many);
  client.talk_to(*server);
  EXPECT_TRUE(service.seen.empty());
  EXPECT_TRUE(client.answers[stream].is_closed);
  EXPECT_NE(client.answers[stream].code, 0U);
  const auto next = client.request("GET", "/");
  client.talk_to(*server);
  EXPECT_EQ(client.answers[next].headers[":status"], "200") << "the connection goes on";
}

TEST_F(Http2ServerSessionTest, AnswersLaterByTheStreamsNumber) {
  service.waits = true;
  const auto one = client.request("GET", "/1");
  const auto two = client.request("GET", "/2");
  client.talk_to(*server);
  EXPECT_TRUE(server->is_waiting(one));
  EXPECT_TRUE(server->answer(two, 500, Bytes{}));
  EXPECT_FALSE(server->answer(two, 200, Bytes{})) << "answered already";
  EXPECT_FALSE(server->answer(99, 200, Bytes{})) << "never was";
  EXPECT_TRUE(server->reset(one));
  client.talk_to(*server);
  EXPECT_EQ(client.answers[two].headers.at(":status"), "500");
  EXPECT_EQ(client.answers[one].code, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_TRUE(service.abandoned.empty());
}

TEST_F(Http2ServerSessionTest, SaysWhenAClientGivesUp) {
  service.waits = true;
  const auto one = client.request("GET", "/1");
  const auto two = client.request("GET", "/2");
  const auto three = client.request("GET", "/3");
  client.talk_to(*server);
  client.reset(two);
  client.talk_to(*server);
  EXPECT_THAT(service.abandoned, ElementsAre(static_cast<std::uint64_t>(two) + 100));
  EXPECT_FALSE(server->is_waiting(two));
  server->answer(one, 200, Bytes{});
  server.reset();
  EXPECT_THAT(service.abandoned, ElementsAre(static_cast<std::uint64_t>(two) + 100,
                                             static_cast<std::uint64_t>(three) + 100));
}

TEST_F(Http2ServerSessionTest, AfterGoAwayItEndsWithTheLastAnswer) {
  service.waits = true;
  const auto stream = client.request("GET", "/");
  client.talk_to(*server);
  server->go_away();
  client.talk_to(*server);
  EXPECT_TRUE(client.got_go_away);
  EXPECT_FALSE(server->is_done());
  server->answer(stream, 200, Bytes{64});
  client.talk_to(*server);
  EXPECT_EQ(client.answers[stream].body.size(), 64U);
  EXPECT_TRUE(server->is_done());
}

TEST_F(Http2ServerSessionTest, IsDoneWithWhoDoesNotSpeakHttp2) {
  const std::string nonsense = "PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n";
  const std::vector<std::uint8_t> bytes(nonsense.begin(), nonsense.end());
  EXPECT_FALSE(server->receive(bytes));
  EXPECT_FALSE(server->receive(bytes)) << "nor later";
  EXPECT_TRUE(server->is_done());
}

TEST_F(Http2ServerSessionTest, ServesManyRequestsOverTheSameFewStreams) {
  for (int round = 0; round < 200; ++round) {
    for (int n = 0; n < 50; ++n) client.request("GET", "/");
    client.talk_to(*server);
  }
  EXPECT_EQ(service.seen.size(), 10'000U);
  EXPECT_EQ(std::count_if(client.answers.begin(), client.answers.end(),
                          [](const auto& one) { return one.second.body.size() == 64; }),
            10'000);
}

}  // namespace
}  // namespace squall::generators
