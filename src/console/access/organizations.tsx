import { useCallback } from "preact/hooks";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import { Time } from "../parts/format.tsx";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { CreateForm, NameField, textOf } from "./create-form.tsx";
import { ListFrame } from "./list-frame.tsx";
import { useList } from "./use-list.ts";

/** All organisations. */
export function Organizations({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const list = useList<Organization>(
    useCallback(
      async (pageToken, signal) => {
        const page = await access.listOrganizations({ pageToken }, { signal });
        return { items: page.organizations, nextPageToken: page.nextPageToken };
      },
      [access],
    ),
  );
  const create = async (typed: FormData) => {
    const name = textOf(typed, "name");
    const made = await list.run(() => access.createOrganization({ name }));
    return made !== undefined;
  };
  return (
    <>
      <CreateForm title={texts.createOrganization} onCreate={create}>
        <NameField name="name" label={texts.name} isRequired />
      </CreateForm>
      <ListFrame
        {...{ list, title: texts.organizations }}
        columns={[texts.name, texts.id, texts.created]}
        row={({ organizationId, name, createTime }) => (
          <tr key={organizationId}>
            <th scope="row" data-label={texts.name}>
              <bdi>{name}</bdi>
            </th>
            <td data-label={texts.id}>{organizationId}</td>
            <td data-label={texts.created}>
              <Time time={createTime} />
            </td>
          </tr>
        )}
      />
    </>
  );
}
