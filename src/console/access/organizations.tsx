import { useCallback } from "preact/hooks";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import { Time } from "../parts/format.tsx";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { NameField, textOf } from "./create-form.tsx";
import { ManagedList } from "./managed-list.tsx";

/** All organisations. */
export function Organizations({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const create = async (typed: FormData) => {
    await access.createOrganization({ name: textOf(typed, "name") });
    return {};
  };
  return (
    <ManagedList<Organization>
      title={texts.organizations}
      load={useCallback(
        async (pageToken = "", signal) => {
          const page = await access.listOrganizations(
            { pageToken },
            { signal },
          );
          return { items: page.organizations, next: page.nextPageToken };
        },
        [access],
      )}
      keyOf={({ organizationId }) => organizationId}
      columns={[
        [texts.name, ({ name }) => <bdi>{name}</bdi>],
        [texts.id, ({ organizationId }) => organizationId],
        [texts.created, ({ createTime }) => <Time time={createTime} />],
      ]}
      form={{
        ...{ title: texts.createOrganization, create },
        fields: <NameField name="name" label={texts.name} isRequired />,
      }}
    />
  );
}
