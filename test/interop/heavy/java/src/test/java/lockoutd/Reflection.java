package lockoutd;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.grpc.Channel;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The server's files, read by grpc.reflection.v1 on one stream. */
final class Reflection implements AutoCloseable {
  private final BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
  private final StreamObserver<ServerReflectionRequest> requests;
  private final Map<String, FileDescriptor> files = new HashMap<>();

  Reflection(Channel channel) {
    requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answers.add(error);
                  }

                  @Override
                  public void onCompleted() {
                    answers.add(new IllegalStateException("the stream has ended"));
                  }
                });
  }

  /** The file that defines a symbol, linked with what it imports. */
  FileDescriptor fileOf(String symbol) throws Exception {
    return link(ask(ServerReflectionRequest.newBuilder().setFileContainingSymbol(symbol).build()));
  }

  private FileDescriptor fileNamed(String name) throws Exception {
    FileDescriptor known = files.get(name);
    if (known != null) {
      return known;
    }
    return link(ask(ServerReflectionRequest.newBuilder().setFileByFilename(name).build()));
  }

  private FileDescriptor link(ServerReflectionResponse answer) throws Exception {
    Map<String, FileDescriptorProto> sent = new HashMap<>();
    String first = null;
    for (ByteString bytes : answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
      FileDescriptorProto file = FileDescriptorProto.parseFrom(bytes);
      first = first == null ? file.getName() : first;
      sent.put(file.getName(), file);
    }
    if (first == null) {
      throw new IllegalStateException("no file: " + answer.getErrorResponse());
    }
    return link(sent, first);
  }

  private FileDescriptor link(Map<String, FileDescriptorProto> sent, String name)
      throws Exception {
    FileDescriptor known = files.get(name);
    if (known != null) {
      return known;
    }
    FileDescriptorProto file = sent.get(name);
    if (file == null) {
      return fileNamed(name);
    }
    FileDescriptor[] imports = new FileDescriptor[file.getDependencyCount()];
    for (int index = 0; index < imports.length; index++) {
      imports[index] = link(sent, file.getDependency(index));
    }
    FileDescriptor linked = FileDescriptor.buildFrom(file, imports);
    files.put(name, linked);
    return linked;
  }

  private ServerReflectionResponse ask(ServerReflectionRequest request) throws Exception {
    requests.onNext(request);
    Object answer = answers.poll(60, TimeUnit.SECONDS);
    if (answer instanceof ServerReflectionResponse response) {
      return response;
    }
    throw new IllegalStateException("no answer: " + answer);
  }

  @Override
  public void close() {
    requests.onCompleted();
  }
}
