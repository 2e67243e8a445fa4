// Jena's query engine on a TDB2 store behind the HTTP server of the JDK, since Debian has Jena without Fuseki.
//
//     java -cp ... JenaServer.java STORE PORT SECONDS

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.jena.query.Dataset;
import org.apache.jena.query.Query;
import org.apache.jena.query.QueryExecution;
import org.apache.jena.query.QueryFactory;
import org.apache.jena.query.ReadWrite;
import org.apache.jena.query.ResultSetFormatter;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.tdb2.TDB2;
import org.apache.jena.tdb2.TDB2Factory;

public class JenaServer {
    public static void main(String[] arguments) throws IOException {
        Dataset dataset = TDB2Factory.connectDataset(arguments[0]);
        dataset.getContext().set(TDB2.symUnionDefaultGraph, true);
        long limit = Long.parseLong(arguments[2]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])), 64);
        server.createContext("/sparql", exchange -> answer(exchange, dataset, limit));
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }

    private static void answer(HttpExchange exchange, Dataset dataset, long limit) throws IOException {
        String given = exchange.getRequestURI().getRawQuery().substring("query=".length());
        dataset.begin(ReadWrite.READ);
        try (exchange) {
            Query query = QueryFactory.create(URLDecoder.decode(given, StandardCharsets.UTF_8));
            try (QueryExecution execution =
                    QueryExecution.create().query(query).dataset(dataset).timeout(limit, TimeUnit.SECONDS).build()) {
                write(exchange, query, execution);
            }
        } catch (RuntimeException error) {
            if (exchange.getResponseCode() < 0) {
                exchange.sendResponseHeaders(500, -1);
            }
            throw error;
        } finally {
            dataset.end();
        }
    }

    private static void write(HttpExchange exchange, Query query, QueryExecution execution) throws IOException {
        boolean graph = query.isConstructType() || query.isDescribeType();
        String type = graph ? "application/n-triples" : "application/sparql-results+json";
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), 1 << 16)) {
            if (query.isAskType()) {
                ResultSetFormatter.outputAsJSON(out, execution.execAsk());
            } else if (query.isSelectType()) {
                ResultSetFormatter.outputAsJSON(out, execution.execSelect());
            } else if (query.isConstructType()) {
                RDFDataMgr.write(out, execution.execConstruct(), Lang.NTRIPLES);
            } else {
                RDFDataMgr.write(out, execution.execDescribe(), Lang.NTRIPLES);
            }
        }
    }
}
