// Between a client and a PostgreSQL server, to cut their connection before a chosen message of the protocol.
// Source: "Frontend/Backend Protocol", https://www.postgresql.org/docs/current/protocol.html
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace test {

/// Listens on a port of loopback; passes what it hears on to the server's socket, and back, message by
/// message.
class CuttingProxy {
 public:
  /// `directory` is where the server's socket lies.
  explicit CuttingProxy(std::string directory)
      : server_{std::move(directory) + "/.s.PGSQL.5432"}, listener_{socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
      throw std::system_error{errno, std::generic_category(), "a port on loopback"};
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy() {
    stopping_ = true;
    acceptor_.join();
    for (auto& thread : connections_) thread.join();
    close(listener_);
  }

  /// Keywords that lead here, to be put behind the server's own.
  [[nodiscard]] std::string keywords() const {
    return " host=127.0.0.1 sslmode=disable gssencmode=disable port=" + std::to_string(port_);
  }

  /// From now on so many messages pass, of both directions; the next one does not, nor anything after it.
  void cut_after(int messages) { cut_after(messages, false); }
  /// The same, but connections that are made afterwards are left alone.
  void cut_once_after(int messages) { cut_after(messages, true); }
  /// Everything passes.
  void cut_never() { left_ = never; }
  /// True if a message was held back since it was last asked for.
  [[nodiscard]] bool has_cut() const { return cut_; }

 private:
  static constexpr int never = 1'000'000'000;

  void cut_after(int messages, bool once) {
    once_ = once;
    cut_ = false;
    left_ = messages;
  }

  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int client = accept(listener_, nullptr, nullptr);
      if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
    }
  }

  /// What has come from one side and not been passed on yet.
  struct Side {
    int socket;
    bool has_type;  // the first message of a client has none
    std::string heard = {};
  };

  void serve(int client) {
    // Each message goes out as it is: else the second of two waits 40 ms for the receipt of the first.
    const int at_once = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    server_.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      Side from_client{client, false};
      Side from_server{server, true};
      while (!stopping_) {
        std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, {server, POLLIN, 0}};
        if (poll(both.data(), both.size(), 20) <= 0) continue;
        if (both[0].revents != 0 && !pass(from_client, server)) break;
        if (both[1].revents != 0 && !pass(from_server, client)) break;
      }
    }
    close(client);
    close(server);
  }

  /// False if the connection has ended, or has to.
  bool pass(Side& from, int to) {
    std::array<char, 8192> bytes;
    const auto count = recv(from.socket, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    from.heard.append(bytes.data(), static_cast<std::size_t>(count));
    while (const auto size = first_message(from)) {
      if (left_.fetch_sub(1) <= 0) {
        cut_ = true;
        if (once_) left_ = never;
        return false;
      }
      if (send(to, from.heard.data(), *size, MSG_NOSIGNAL) < 0) return false;
      from.heard.erase(0, *size);
      from.has_type = true;
    }
    return true;
  }

  /// The length of the first message, if all of it is there.
  static std::optional<std::size_t> first_message(const Side& side) {
    const std::size_t head = side.has_type ? 1 : 0;
    if (side.heard.size() < head + 4) return std::nullopt;
    std::size_t length = head;
    std::size_t told = 0;
    for (std::size_t at = head; at < head + 4; ++at)
      told = told << 8U | static_cast<unsigned char>(side.heard[at]);
    length += told;
    return side.heard.size() < length ? std::nullopt : std::optional{length};
  }

  std::string server_;
  int listener_;
  int port_ = 0;
  std::atomic<int> left_ = never;
  std::atomic<bool> once_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::vector<std::thread> connections_;
};

}  // namespace test
