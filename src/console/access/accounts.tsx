import { useCallback } from "preact/hooks";
import type { ServiceAccount } from "../../../gen/lockout/v1/access_service_pb.js";
import { Time } from "../parts/format.tsx";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { NameField, RoleFields } from "./create-form.tsx";
import { checkRoles, rolesOf, textOf } from "./create-form.tsx";
import { ManagedList } from "./managed-list.tsx";

/** The service accounts of the organisation that is chosen. */
export function Accounts({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const create = async (typed: FormData) => {
    await access.createServiceAccount({
      loginName: textOf(typed, "loginName"),
      name: textOf(typed, "name"),
      organizationId: session.orgId,
      roles: rolesOf(typed),
    });
    return {};
  };
  const renew = async (userId: string) => {
    const made = await access.setSecret({ userId });
    return { secret: { secret: made.clientSecret, clientId: made.clientId } };
  };
  const remove = async (userId: string) => {
    await access.deleteServiceAccount({ userId });
    return {};
  };
  return (
    <ManagedList<ServiceAccount>
      title={texts.accounts}
      load={useCallback(
        async (pageToken = "", signal) => {
          const page = await access.listServiceAccounts(
            { pageToken },
            { signal },
          );
          return { items: page.serviceAccounts, next: page.nextPageToken };
        },
        [access],
      )}
      keyOf={({ userId }) => userId}
      columns={[
        [texts.loginName, ({ loginName }) => <bdi>{loginName}</bdi>],
        [texts.name, ({ name }) => <bdi>{name}</bdi>],
        [texts.roles, ({ roles }) => roles.join(", ")],
        [texts.created, ({ createTime }) => <Time time={createTime} />],
        [
          texts.secret,
          ({ hasSecret }) => (hasSecret ? texts.hasSecret : texts.hasNone),
        ],
      ]}
      actions={({ userId, loginName }) => [
        {
          ...{ label: texts.newSecret, name: loginName },
          question: { title: texts.newSecretTitle, text: texts.newSecretHelp },
          work: () => renew(userId),
        },
        {
          ...{ label: texts.remove, name: loginName },
          question: {
            ...{ title: texts.removeAccount, text: texts.removeAccountHelp },
          },
          work: () => remove(userId),
        },
      ]}
      form={{
        ...{ title: texts.createAccount, check: checkRoles, create },
        fields: (
          <>
            <NameField name="loginName" label={texts.loginName} isRequired />
            <NameField name="name" label={texts.name} />
            <RoleFields />
            <p class="help">{texts.inOrganization(session.orgName)}</p>
          </>
        ),
      }}
    />
  );
}
