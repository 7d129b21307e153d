package plumbline.root;

import java.io.IOException;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;

/** The answer to {@code GET /}: every value but the tagline is the running node's own. */
final class RootResponse extends ActionResponse implements ToXContentObject {

    private final String node;
    private final String clusterName;
    private final String clusterUuid;

    private RootResponse(String node, String clusterName, String clusterUuid) {
        this.node = node;
        this.clusterName = clusterName;
        this.clusterUuid = clusterUuid;
    }

    static RootResponse of(ClusterService cluster) {
        ClusterState state = cluster.state();
        return new RootResponse(cluster.getNodeName(), state.getClusterName().value(), state.metadata().clusterUUID());
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder json, Params params) throws IOException {
        Build build = Build.current();
        json.startObject();
        json.field("name", node);
        json.field("cluster_name", clusterName);
        json.field("cluster_uuid", clusterUuid);
        json.startObject("version");
        json.field("number", build.qualifiedVersion());
        json.field("build_flavor", build.flavor());
        json.field("build_type", build.type().displayName());
        json.field("build_hash", build.hash());
        json.field("build_date", build.date());
        json.field("build_snapshot", build.isSnapshot());
        json.field("lucene_version", IndexVersion.current().luceneVersion().toString());
        json.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
        json.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
        json.endObject();
        json.field("tagline", "You Know, for Search");
        return json.endObject();
    }

    /** The action never leaves its node. */
    @Override
    public void writeTo(StreamOutput out) {
        throw new UnsupportedOperationException("answered by the node that is asked");
    }
}
