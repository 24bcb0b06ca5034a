import java.io.InputStream;
import java.io.OutputStream;

/** Calls a Java handler of streams as Lambda's runtime does: the event on standard input, the result on standard output. */
public class JavaRuntime {
  public static void main(String[] arguments) throws Exception {
    String[] names = arguments[0].split("::");
    Class<?> type = Class.forName(names[0]);
    type.getMethod(names[1], InputStream.class, OutputStream.class).invoke(type.getConstructor().newInstance(), System.in, System.out);
    System.out.flush();
  }
}
