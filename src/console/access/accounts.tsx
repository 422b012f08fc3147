import { useCallback, useState } from "preact/hooks";
import type { ServiceAccount } from "../../../gen/lockout/v1/access_service_pb.js";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import type { Question } from "../parts/confirm-dialog.tsx";
import { Time } from "../parts/format.tsx";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { CreateForm, NameField, RoleFields } from "./create-form.tsx";
import { checkRoles, rolesOf, textOf } from "./create-form.tsx";
import { ListFrame } from "./list-frame.tsx";
import { SecretNote } from "./new-secret.tsx";
import type { NewSecret } from "./new-secret.tsx";
import { useList } from "./use-list.ts";

/** The service accounts of the organisation that is chosen. */
export function Accounts({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const [secret, setSecret] = useState<NewSecret>();
  const [question, setQuestion] = useState<Question>();
  const list = useList<ServiceAccount>(
    useCallback(
      async (pageToken, signal) => {
        const page = await access.listServiceAccounts(
          { pageToken },
          { signal },
        );
        return {
          items: page.serviceAccounts,
          nextPageToken: page.nextPageToken,
        };
      },
      [access],
    ),
  );
  const create = async (typed: FormData) => {
    const made = await list.run(() =>
      access.createServiceAccount({
        loginName: textOf(typed, "loginName"),
        name: textOf(typed, "name"),
        organizationId: session.orgId,
        roles: rolesOf(typed),
      }),
    );
    return made !== undefined;
  };
  const renew = async (userId: string) => {
    const made = await list.run(() => access.setSecret({ userId }));
    if (made !== undefined) {
      setSecret({ secret: made.clientSecret, clientId: made.clientId });
    }
  };
  const buttons = ({ userId, loginName }: ServiceAccount) => [
    <button
      key="secret"
      type="button"
      class="small"
      aria-label={texts.of(texts.newSecret, loginName)}
      onClick={() => {
        setQuestion({
          ...{ title: texts.newSecretTitle, text: texts.newSecretHelp },
          ...{ name: loginName, action: texts.newSecret },
          work: () => renew(userId),
        });
      }}
    >
      {texts.newSecret}
    </button>,
    <button
      key="remove"
      type="button"
      class="small"
      aria-label={texts.of(texts.remove, loginName)}
      onClick={() => {
        setQuestion({
          ...{ title: texts.removeAccount, text: texts.removeAccountHelp },
          ...{ name: loginName, action: texts.remove },
          work: () => list.run(() => access.deleteServiceAccount({ userId })),
        });
      }}
    >
      {texts.remove}
    </button>,
  ];
  return (
    <>
      <CreateForm
        title={texts.createAccount}
        check={checkRoles}
        onCreate={create}
      >
        <NameField name="loginName" label={texts.loginName} isRequired />
        <NameField name="name" label={texts.name} />
        <RoleFields />
        <p class="help">
          {texts.inOrganization(session.caller.organizationName)}
        </p>
      </CreateForm>
      {secret !== undefined && (
        <SecretNote
          secret={secret}
          onHide={() => {
            setSecret(undefined);
          }}
        />
      )}
      <ListFrame
        {...{ list, title: texts.accounts }}
        columns={[
          ...[texts.loginName, texts.name, texts.roles, texts.created],
          ...[texts.secret, texts.actions],
        ]}
        row={(account) => (
          <tr key={account.userId}>
            <th scope="row" data-label={texts.loginName}>
              <bdi>{account.loginName}</bdi>
            </th>
            <td data-label={texts.name}>
              <bdi>{account.name}</bdi>
            </td>
            <td data-label={texts.roles}>{account.roles.join(", ")}</td>
            <td data-label={texts.created}>
              <Time time={account.createTime} />
            </td>
            <td data-label={texts.secret}>
              {account.hasSecret ? texts.hasSecret : texts.hasNone}
            </td>
            <td data-label={texts.actions}>
              <span class="buttons">{buttons(account)}</span>
            </td>
          </tr>
        )}
      />
      {question !== undefined && (
        <ConfirmDialog
          question={question}
          isFinal
          onEnd={() => {
            setQuestion(undefined);
          }}
        />
      )}
    </>
  );
}
