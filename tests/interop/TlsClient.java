// Java's own TLS against the balancer: java TlsClient.java PORT ROOT.pem BYTES PROTOCOL SUITE...
//
// For each suite: a full handshake, one resumed, and BYTES down and up. One line of output each:
// "SUITE PROTOCOL full=true resumed=true down=SHA256 up=ANSWER".
import java.io.*;
import java.net.Socket;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;

public class TlsClient {
  static final String HOST = "mail.example.test";

  static SSLContext trusting(String root) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(Path.of(root))) {
      store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static SSLSocket connect(SSLContext context, int port, String protocol, String suite) throws Exception {
    Socket plain = new Socket("127.0.0.1", port);
    plain.setSoTimeout(60_000);
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, HOST, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setServerNames(List.of(new SNIHostName(HOST)));
    parameters.setProtocols(new String[] {protocol});
    parameters.setCipherSuites(new String[] {suite});
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  // The length of the body that follows the head.
  static long head(InputStream in) throws IOException {
    long length = -1;
    StringBuilder line = new StringBuilder();
    boolean first = true;
    while (true) {
      int c = in.read();
      if (c < 0) throw new EOFException("no head");
      if (c == '\r') continue;
      if (c != '\n') {
        line.append((char) c);
        continue;
      }
      if (line.length() == 0) return length;
      String text = line.toString().toLowerCase(Locale.ROOT);
      if (first && !text.startsWith("http/1.1 200")) throw new IOException(text);
      if (text.startsWith("content-length:")) length = Long.parseLong(text.substring(15).trim());
      first = false;
      line.setLength(0);
    }
  }

  static String hash(InputStream in, long length) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] buffer = new byte[1 << 16];
    while (length > 0) {
      int read = in.read(buffer, 0, (int) Math.min(buffer.length, length));
      if (read < 0) throw new EOFException(length + " bytes are missing");
      digest.update(buffer, 0, read);
      length -= read;
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static void send(OutputStream out, String method, String target, long length) throws IOException {
    out.write((method + " " + target + " HTTP/1.1\r\nHost: " + HOST + "\r\nContent-Length: " + length + "\r\n\r\n").getBytes());
    byte[] zeros = new byte[1 << 16];
    for (long left = length; left > 0; left -= zeros.length) out.write(zeros, 0, (int) Math.min(left, zeros.length));
    out.flush();
  }

  // One connection: something down, something up; when its session was made.
  static long exchange(SSLSocket socket, long bytes, StringBuilder report) throws Exception {
    InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    send(socket.getOutputStream(), "GET", "/owa/bytes/" + bytes, 0);
    String down = hash(in, head(in));
    send(socket.getOutputStream(), "POST", "/owa/upload", bytes);
    String up = new String(in.readNBytes((int) head(in)));
    report.append(" down=").append(down).append(" up=").append(up);
    long made = socket.getSession().getCreationTime();
    socket.close();
    return made;
  }

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    long bytes = Long.parseLong(arguments[2]);
    for (String suite : Arrays.copyOfRange(arguments, 4, arguments.length)) {
      SSLContext context = trusting(arguments[1]);
      StringBuilder report = new StringBuilder();
      SSLSocket first = connect(context, port, arguments[3], suite);
      String agreed = first.getSession().getCipherSuite() + " " + first.getSession().getProtocol();
      long made = exchange(first, bytes, report);
      Thread.sleep(20);
      // A resumed session is as old as the one it comes from.
      SSLSocket second = connect(context, port, arguments[3], suite);
      boolean resumed = second.getSession().getCreationTime() == made;
      exchange(second, 10, new StringBuilder());
      System.out.println(agreed + " resumed=" + resumed + report);
    }
  }
}
