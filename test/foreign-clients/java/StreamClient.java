import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Reads a stream with java.net.http, which has no compression. Arguments: URL, number of messages. */
public class StreamClient implements WebSocket.Listener {
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final StringBuilder text = new StringBuilder();
  private int left;

  private StreamClient(int count) {
    left = count;
  }

  @Override
  public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
    text.append(part);
    if (last && left > 0) {
      print(text.toString());
      text.setLength(0);
      if (--left == 0) done.complete(null);
    }
    socket.request(1);
    return null;
  }

  @Override
  public void onError(WebSocket socket, Throwable error) {
    done.completeExceptionally(error);
  }

  @Override
  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    done.completeExceptionally(new IllegalStateException("closed with " + code + " " + reason));
    return null;
  }

  private static void print(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      System.out.println(HexFormat.of().formatHex(hash));
    } catch (java.security.NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  public static void main(String[] arguments) throws Exception {
    StreamClient client = new StreamClient(Integer.parseInt(arguments[1]));
    System.out.println("extensions none");
    HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(arguments[0]), client).join();
    client.done.get();
    System.exit(0);
  }
}
