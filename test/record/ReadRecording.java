import java.nio.file.Path;
import java.util.TreeMap;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/** Prints what a program of the JDK sees of a recording: its settings in order, then the samples by engine and stack. */
public class ReadRecording {
  public static void main(String[] args) throws Exception {
    TreeMap<String, Integer> samples = new TreeMap<>();
    String engine = "none";
    try (RecordingFile file = new RecordingFile(Path.of(args[0]))) {
      while (file.hasMoreEvents()) {
        RecordedEvent event = file.readEvent();
        if (event.getEventType().getName().equals("jdk.ActiveSetting")) {
          String name = event.getString("name");
          if (name.equals("engine")) engine = event.getString("value");
          System.out.println("setting " + name + "=" + event.getString("value"));
        } else if (event.getEventType().getName().equals("jdk.ExecutionSample")) {
          RecordedFrame leaf = event.getStackTrace().getFrames().get(0);
          String seen = engine + " " + leaf.getType() + " " + leaf.getMethod().getName();
          samples.merge(seen, 1, Integer::sum);
        }
      }
    }
    samples.forEach((seen, count) -> System.out.println("samples " + count + " " + seen));
  }
}
