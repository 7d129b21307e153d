package plumbline.root;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.TransportAction;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;

/** Tells what this node and its cluster are; answered by the node that is asked. */
public final class RootAction extends TransportAction<RootAction.Request, RootResponse> {

    static final ActionType<RootResponse> TYPE = new ActionType<>("cluster:monitor/main");

    private final ClusterService cluster;

    @Inject
    public RootAction(TransportService transport, ActionFilters filters, ClusterService cluster) {
        super(TYPE.name(), filters, transport.getTaskManager(), EsExecutors.DIRECT_EXECUTOR_SERVICE);
        this.cluster = cluster;
    }

    @Override
    protected void doExecute(Task task, Request request, ActionListener<RootResponse> listener) {
        ActionListener.completeWith(listener, () -> RootResponse.of(cluster));
    }

    /** Asks nothing in particular. */
    static final class Request extends ActionRequest {
        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }
}
