import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;

/** Returns the keys of an event, as jq lists them: {"b": 1, "a": 2} to {"keys": ["a", "b"]}. */
public class Keys {
  public void handler(InputStream event, OutputStream result) throws Exception {
    Process jq = new ProcessBuilder(System.getenv("JQ"), "-c", "{keys: keys}").redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (OutputStream input = jq.getOutputStream()) {
      event.transferTo(input);
    }
    jq.getInputStream().transferTo(result);
    if (!jq.waitFor(10, TimeUnit.SECONDS) || jq.exitValue() != 0) throw new IllegalStateException("jq failed");
  }
}
