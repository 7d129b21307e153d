package plumbline.root;

import java.util.List;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestBuilderListener;
import org.elasticsearch.xcontent.ToXContent;
import org.elasticsearch.xcontent.XContentBuilder;

/** {@code GET /} and {@code HEAD /}; the channel sends the latter without its body. */
final class RestRoot extends BaseRestHandler {

    @Override
    public String getName() {
        return "main_action";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> client.execute(RootAction.TYPE, new RootAction.Request(), new RestBuilderListener<>(channel) {
            @Override
            public RestResponse buildResponse(RootResponse root, XContentBuilder json) throws Exception {
                // People read this answer: it is indented unless they ask otherwise.
                if (!request.hasParam("pretty")) {
                    json.prettyPrint().lfAtEnd();
                }
                root.toXContent(json, ToXContent.EMPTY_PARAMS);
                return new RestResponse(RestStatus.OK, json);
            }
        });
    }
}
