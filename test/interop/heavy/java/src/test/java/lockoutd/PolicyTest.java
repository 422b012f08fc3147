package lockoutd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The calls on policies with grpc-java (Netty); the messages come from the server's reflection. */
final class PolicyTest {
  private static final String ADMIN = "zitadel.admin.v1.AdminService";
  private static final String MANAGEMENT = "zitadel.management.v1.ManagementService";
  private static final CallOptions PLAIN = CallOptions.DEFAULT;

  private static ManagedChannel channel;
  private static Reflection reflection;

  @BeforeAll
  static void connect() {
    channel = NettyChannelBuilder.forTarget(setting("LOCKOUTD_ADDRESS")).usePlaintext().build();
    reflection = new Reflection(channel);
  }

  @AfterAll
  static void disconnect() {
    reflection.close();
    channel.shutdown();
  }

  @Test
  void defaultPolicy() throws Exception {
    Map<String, Object> limits = Map.of("max_password_attempts", 5, "max_otp_attempts", 3);
    Message updated = call(ADMIN, "UpdateLockoutPolicy", PLAIN, null, limits);
    assertEquals(
        setting("LOCKOUTD_INSTANCE_ID"), get(message(updated, "details"), "resource_owner"));
    Message policy = message(call(ADMIN, "GetLockoutPolicy", PLAIN, null, Map.of()), "policy");
    assertEquals(5L, get(policy, "max_password_attempts"));
    assertEquals(3L, get(policy, "max_otp_attempts"));
    assertEquals(true, get(policy, "is_default"));

    StatusRuntimeException refused =
        assertThrows(
            StatusRuntimeException.class,
            () -> call(ADMIN, "UpdateLockoutPolicy", PLAIN, null, limits));
    assertEquals(Code.FAILED_PRECONDITION, refused.getStatus().getCode());
    assertEquals(
        "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
        refused.getStatus().getDescription());
    com.google.rpc.Status rich = StatusProto.fromThrowable(refused);
    assertEquals(1, rich.getDetailsCount());
    assertEquals(
        "type.googleapis.com/zitadel.v1.ErrorDetail", rich.getDetails(0).getTypeUrl());
    Descriptor detailType =
        reflection.fileOf("zitadel.v1.ErrorDetail").findMessageTypeByName("ErrorDetail");
    Message detail = DynamicMessage.parseFrom(detailType, rich.getDetails(0).getValue());
    assertEquals("INSTANCE-0psjF", get(detail, "id"));
    assertEquals("Errors.IAM.LockoutPolicy.NotChanged", get(detail, "message"));

    CallOptions gzip = PLAIN.withCompression("gzip");
    call(ADMIN, "UpdateLockoutPolicy", gzip, null, Map.of("max_password_attempts", 50));
    Message changed = message(call(ADMIN, "GetLockoutPolicy", gzip, null, Map.of()), "policy");
    assertEquals(50L, get(changed, "max_password_attempts"));
  }

  @Test
  void organisationPolicy() throws Exception {
    String org = setting("LOCKOUTD_ORG_ID");
    Map<String, Object> limits = Map.of("max_password_attempts", 7);
    Message added = call(MANAGEMENT, "AddCustomLockoutPolicy", PLAIN, org, limits);
    assertEquals(org, get(message(added, "details"), "resource_owner"));
    call(
        MANAGEMENT, "UpdateCustomLockoutPolicy", PLAIN, org, Map.of("max_password_attempts", 8));
    Message own = call(MANAGEMENT, "GetLockoutPolicy", PLAIN, org, Map.of());
    assertEquals(false, get(own, "is_default"));
    assertEquals(8L, get(message(own, "policy"), "max_password_attempts"));
    call(MANAGEMENT, "ResetLockoutPolicyToDefault", PLAIN, org, Map.of());
    Message after = call(MANAGEMENT, "GetLockoutPolicy", PLAIN, org, Map.of());
    assertEquals(true, get(after, "is_default"));
  }

  @Test
  void unknownService() {
    StatusRuntimeException refused =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                HealthGrpc.newBlockingStub(channel)
                    .check(HealthCheckRequest.newBuilder().setService("no.such.Service").build()));
    assertEquals(Code.NOT_FOUND, refused.getStatus().getCode());
  }

  @Test
  void health() {
    ServingStatus status =
        HealthGrpc.newBlockingStub(channel)
            .check(HealthCheckRequest.newBuilder().setService(ADMIN).build())
            .getStatus();
    assertEquals(ServingStatus.SERVING, status);
  }

  private static Message call(
      String service, String name, CallOptions options, String org, Map<String, Object> fields)
      throws Exception {
    ServiceDescriptor described =
        reflection
            .fileOf(service)
            .findServiceByName(service.substring(service.lastIndexOf('.') + 1));
    MethodDescriptor method = described.findMethodByName(name);
    DynamicMessage.Builder request = DynamicMessage.newBuilder(method.getInputType());
    fields.forEach(
        (field, value) ->
            request.setField(method.getInputType().findFieldByName(field), value));
    Metadata metadata = new Metadata();
    metadata.put(key("authorization"), "Bearer " + setting("LOCKOUTD_ADMIN_TOKEN"));
    if (org != null) {
      metadata.put(key("x-zitadel-orgid"), org);
    }
    Channel intercepted =
        ClientInterceptors.intercept(
            channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    return ClientCalls.blockingUnaryCall(
        intercepted,
        io.grpc.MethodDescriptor.<Message, Message>newBuilder()
            .setType(MethodType.UNARY)
            .setFullMethodName(service + "/" + name)
            .setRequestMarshaller(
                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
            .setResponseMarshaller(
                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
            .build(),
        options.withDeadlineAfter(60, TimeUnit.SECONDS),
        request.build());
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Object get(Message message, String field) {
    return message.getField(message.getDescriptorForType().findFieldByName(field));
  }

  private static Message message(Message message, String field) {
    return (Message) get(message, field);
  }

  private static String setting(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException(name + " is not set: run this by npm run test:interop");
    }
    return value;
  }
}
