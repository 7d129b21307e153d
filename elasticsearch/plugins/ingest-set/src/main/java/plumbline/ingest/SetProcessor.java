package plumbline.ingest;

import java.util.Map;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;

/** Sets a field to the value of another, whatever it was before. */
final class SetProcessor extends AbstractProcessor {

    static final String TYPE = "set";

    private final String field;
    private final String copyFrom;

    private SetProcessor(String tag, String description, String field, String copyFrom) {
        super(tag, description);
        this.field = field;
        this.copyFrom = copyFrom;
    }

    /** Takes {@code field} and {@code copy_from} out of the configuration; Elasticsearch refuses what is left in it. */
    static SetProcessor of(String tag, String description, Map<String, Object> config) {
        String field = ConfigurationUtils.readStringProperty(TYPE, tag, config, "field");
        String copyFrom = ConfigurationUtils.readStringProperty(TYPE, tag, config, "copy_from");
        if (field.contains("{{")) {
            throw ConfigurationUtils.newConfigurationException(
                    TYPE, tag, "field", "is a template, which only the module ingest-common knows");
        }
        return new SetProcessor(tag, description, field, copyFrom);
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        document.setFieldValue(field, IngestDocument.deepCopy(document.getFieldValue(copyFrom, Object.class)));
        return document;
    }

    @Override
    public String getType() {
        return TYPE;
    }
}
