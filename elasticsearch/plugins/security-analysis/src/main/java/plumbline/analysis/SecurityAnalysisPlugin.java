package plumbline.analysis;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * The three analysis components that the index {@code .security} names in its mapping. Without them it cannot be created,
 * and so no API key, native user or native role can be stored.
 *
 * <p>Elsewhere they come with the module analysis-common, under the same names and with the same settings.
 */
public final class SecurityAnalysisPlugin extends Plugin implements AnalysisPlugin {

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new));
    }

    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return List.of(PreConfiguredTokenFilter.singleton("unique", false, in -> new UniqueTokenFilter(in, false)));
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
                "pattern_capture",
                AnalysisPlugin.requiresAnalysisSettings(
                        (index, environment, name, settings) -> new Filter(name, patternCapture(name, settings))),
                "unique",
                (index, environment, name, settings) -> new Filter(name, unique(settings)));
    }

    private static UnaryOperator<TokenStream> patternCapture(String name, Settings settings) {
        List<String> patterns = settings.getAsList("patterns", List.of());
        if (patterns.isEmpty()) {
            throw new IllegalArgumentException("token filter [" + name + "] needs the setting [patterns]");
        }
        Pattern[] compiled = patterns.stream().map(Pattern::compile).toArray(Pattern[]::new);
        boolean preserveOriginal = settings.getAsBoolean("preserve_original", true);
        return in -> new PatternCaptureGroupTokenFilter(in, preserveOriginal, compiled);
    }

    private static UnaryOperator<TokenStream> unique(Settings settings) {
        boolean samePosition = settings.getAsBoolean("only_on_same_position", false);
        return in -> new UniqueTokenFilter(in, samePosition);
    }

    /** Elasticsearch's own base class changed its constructor in 9.x; the interface did not. */
    private record Filter(String name, UnaryOperator<TokenStream> wrap) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream in) {
            return wrap.apply(in);
        }
    }
}
