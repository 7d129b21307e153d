package plumbline.ingest;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * The processor {@code set}, which a node without its module ingest-common lacks: as much of it as the pipeline that
 * stamps documents needs, under the same name and with the same meaning. A pipeline that asks for more is refused, and
 * not run in another way than elsewhere.
 */
public final class IngestSetPlugin extends Plugin implements IngestPlugin {

    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        return Map.of(SetProcessor.TYPE, factory());
    }

    /**
     * A factory's one method has four parameters in 8.x, to which 9.x adds the project: a proxy takes either, so that this
     * source serves both.
     */
    private static Processor.Factory factory() {
        InvocationHandler create = (proxy, method, arguments) -> switch (method.getName()) {
            case "create" -> SetProcessor.of((String) arguments[1], (String) arguments[2], config(arguments[3]));
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "factory of the processor " + SetProcessor.TYPE;
        };
        Class<?> type = Processor.Factory.class;
        return (Processor.Factory) Proxy.newProxyInstance(IngestSetPlugin.class.getClassLoader(), new Class<?>[] {type}, create);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> config(Object argument) {
        return (Map<String, Object>) argument;
    }
}
