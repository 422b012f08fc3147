import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useCallback, useState } from "preact/hooks";
import type { Token } from "../../../gen/lockout/v1/access_service_pb.js";
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

const dayMs = 86_400_000;

/** The tokens of all organisations, newest ones too. */
export function Tokens({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const [secret, setSecret] = useState<NewSecret>();
  const [question, setQuestion] = useState<Question>();
  const list = useList<Token>(
    useCallback(
      async (pageToken, signal) => {
        const page = await access.listTokens({ pageToken }, { signal });
        return { items: page.tokens, nextPageToken: page.nextPageToken };
      },
      [access],
    ),
  );
  const create = async (typed: FormData) => {
    const days = Number(textOf(typed, "days"));
    const made = await list.run(() =>
      access.createToken({
        name: textOf(typed, "name"),
        organizationId: session.orgId,
        roles: rolesOf(typed),
        ...(days > 0 && {
          expireTime: timestampFromMs(Date.now() + days * dayMs),
        }),
      }),
    );
    if (made !== undefined) {
      setSecret({ secret: made.secret, clientId: "" });
    }
    return made !== undefined;
  };
  return (
    <>
      <CreateForm
        title={texts.createToken}
        check={checkRoles}
        onCreate={create}
      >
        <NameField name="name" label={texts.name} isRequired />
        <RoleFields />
        <label>
          {texts.endsIn}
          <select name="days">
            {[90, 30, 365, 0].map((days) => (
              <option key={days} value={days}>
                {texts.spans[days as keyof typeof texts.spans]}
              </option>
            ))}
          </select>
        </label>
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
        {...{ list, title: texts.tokens }}
        columns={[
          ...[texts.name, texts.organization, texts.roles, texts.created],
          ...[texts.ends, texts.lastUse, texts.actions],
        ]}
        row={(token) => (
          <tr key={token.tokenId}>
            <th scope="row" data-label={texts.name}>
              <bdi>{token.name || token.tokenId}</bdi>
            </th>
            <td data-label={texts.organization}>
              <bdi>{token.organizationName}</bdi>
            </td>
            <td data-label={texts.roles}>{token.roles.join(", ")}</td>
            <td data-label={texts.created}>
              <Time time={token.createTime} />
            </td>
            <td data-label={texts.ends}>
              {token.expireTime === undefined ? (
                texts.never
              ) : (
                <Time time={token.expireTime} />
              )}
            </td>
            <td data-label={texts.lastUse}>
              <Time time={token.lastUseTime} />
            </td>
            <td data-label={texts.actions}>
              <button
                type="button"
                class="small"
                aria-label={texts.of(texts.revoke, token.name)}
                onClick={() => {
                  setQuestion({
                    ...{ title: texts.revokeTitle, text: texts.revokeHelp },
                    ...{ name: token.name, action: texts.revoke },
                    work: () => {
                      const { tokenId } = token;
                      return list.run(() => access.revokeToken({ tokenId }));
                    },
                  });
                }}
              >
                {texts.revoke}
              </button>
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
