import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/** Runs the statements of an SQL file in a Flink inside this process, each to its end. */
public class Job {
    private static final Pattern SETTING = Pattern.compile("SET\\s+'([^']*)'\\s*=\\s*'([^']*)'");

    public static void main(String[] arguments) throws Exception {
        TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        for (String statement : statements(Files.readString(Path.of(arguments[0])))) {
            Matcher setting = SETTING.matcher(statement);
            if (setting.matches()) {
                tables.getConfig().set(setting.group(1), setting.group(2));
                continue;
            }
            TableResult result = tables.executeSql(statement);
            if (result.getJobClient().isPresent()) {
                result.await();
            }
        }
    }

    /** Cut at semicolons outside of quotes and comments; a statement set is one. */
    private static List<String> statements(String text) {
        List<String> found = new ArrayList<>();
        StringBuilder one = new StringBuilder();
        char quote = 0;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (quote == 0 && text.startsWith("--", at)) {
                at = text.indexOf('\n', at);
                continue;
            }
            if (c == '\'' || c == '`') {
                quote = quote == 0 ? c : quote == c ? 0 : quote;
            }
            if (c != ';' || quote != 0) {
                one.append(c);
                continue;
            }
            String statement = one.toString().strip();
            if (statement.startsWith("EXECUTE STATEMENT SET") && !statement.endsWith("END")) {
                one.append(c);
                continue;
            }
            found.add(statement);
            one.setLength(0);
        }
        return found;
    }
}
