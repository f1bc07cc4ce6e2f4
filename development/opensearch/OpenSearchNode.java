import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * One node of OpenSearch on loopback ports: java -cp 'JARS/*' OpenSearchNode.java FOLDER PORT
 *
 * It prints its address when it is ready, and ends when its standard input is closed.
 */
class OpenSearchNode extends Node {
    OpenSearchNode(Environment environment) {
        super(environment, List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] arguments) throws Exception {
        Settings settings = Settings.builder()
            .put("path.home", arguments[0])
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.type", "netty4")
            .put("http.port", arguments[1])
            .put("transport.type", "netty4")
            .put("transport.port", 0)
            // Do not make indices read-only if the disk of the developer's machine is full.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        try (OpenSearchNode node = new OpenSearchNode(
                InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "development"))) {
            node.start();
            HttpServerTransport http = node.injector().getInstance(HttpServerTransport.class);
            System.out.println("http://127.0.0.1:" + http.boundAddress().publishAddress().getPort());
            while (System.in.read() != -1) {
                // Wait until the other end is closed.
            }
        }
    }
}
