/* The smallest program for Lambda's OS-only runtimes: it answers each event with its ANSWER.
   Source: Lambda developer guide, "Lambda runtime API". */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define API "/2018-06-01/runtime/invocation/"

/* Send a request to the runtime API, and read its answer. */
static void ask(const char *host, const char *request, char *answer, size_t size) {
  char address[64];
  snprintf(address, sizeof address, "%s", host);
  char *colon = strchr(address, ':');
  *colon = 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
  inet_pton(AF_INET, address, &to.sin_addr);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr *)&to, sizeof to)) exit(1);
  if (write(connection, request, strlen(request)) < 0) exit(1);
  size_t filled = 0;
  ssize_t got;
  while (filled + 1 < size && (got = read(connection, answer + filled, size - filled - 1)) > 0)
    filled += got;
  answer[filled] = 0;
  close(connection);
}

int main(void) {
  const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
  static char request[4096], answer[65536], id[128];
  for (;;) {
    snprintf(request, sizeof request,
             "GET " API "next HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
    ask(host, request, answer, sizeof answer);
    const char *header = strcasestr(answer, "lambda-runtime-aws-request-id: ");
    if (!header || sscanf(strchr(header, ' '), " %127[^\r\n]", id) != 1) return 1;
    snprintf(request, sizeof request,
             "POST " API "%s/response HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n" ANSWER,
             id, host, strlen(ANSWER));
    ask(host, request, answer, sizeof answer);
  }
}
