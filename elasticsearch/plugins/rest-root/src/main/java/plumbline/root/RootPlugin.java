package plumbline.root;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;

/**
 * The root endpoint, which a node without its module rest-root lacks and every client asks first.
 *
 * <p>It is an action under the name it has elsewhere, {@code cluster:monitor/main}, and not only a REST handler: so the
 * same privilege guards it here and there.
 */
public final class RootPlugin extends Plugin implements ActionPlugin {

    /** ActionHandler has type parameters in 8.x and none in 9.x; without them this source serves both. */
    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public Collection getActions() {
        return List.of(new ActionHandler(RootAction.TYPE, RootAction.class));
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
            Settings settings,
            NamedWriteableRegistry namedWriteables,
            RestController controller,
            ClusterSettings clusterSettings,
            IndexScopedSettings indexSettings,
            SettingsFilter settingsFilter,
            IndexNameExpressionResolver indexNames,
            Supplier<DiscoveryNodes> nodes,
            Predicate<NodeFeature> features) {
        return List.of(new RestRoot());
    }
}
