import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useCallback } from "preact/hooks";
import type { Token } from "../../../gen/lockout/v1/access_service_pb.js";
import { Time } from "../parts/format.tsx";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { NameField, RoleFields } from "./create-form.tsx";
import { checkRoles, rolesOf, textOf } from "./create-form.tsx";
import { ManagedList } from "./managed-list.tsx";

const dayMs = 86_400_000;

/** The tokens of all organisations, newest ones too. */
export function Tokens({ session }: { readonly session: Session }) {
  const { access } = session.clients;
  const create = async (typed: FormData) => {
    const days = Number(textOf(typed, "days"));
    const { secret } = await access.createToken({
      name: textOf(typed, "name"),
      organizationId: session.orgId,
      roles: rolesOf(typed),
      ...(days > 0 && {
        expireTime: timestampFromMs(Date.now() + days * dayMs),
      }),
    });
    return { secret: { secret, clientId: "" } };
  };
  const revoke = async (tokenId: string) => {
    await access.revokeToken({ tokenId });
    return {};
  };
  return (
    <ManagedList<Token>
      title={texts.tokens}
      load={useCallback(
        async (pageToken = "", signal) => {
          const page = await access.listTokens({ pageToken }, { signal });
          return { items: page.tokens, next: page.nextPageToken };
        },
        [access],
      )}
      keyOf={({ tokenId }) => tokenId}
      columns={[
        [texts.name, ({ name, tokenId }) => <bdi>{name || tokenId}</bdi>],
        [texts.organization, (token) => <bdi>{token.organizationName}</bdi>],
        [texts.roles, ({ roles }) => roles.join(", ")],
        [texts.created, ({ createTime }) => <Time time={createTime} />],
        [
          texts.ends,
          ({ expireTime }) =>
            expireTime === undefined ? texts.never : <Time time={expireTime} />,
        ],
        [texts.lastUse, ({ lastUseTime }) => <Time time={lastUseTime} />],
      ]}
      actions={({ tokenId, name }) => [
        {
          ...{ label: texts.revoke, name: name || tokenId },
          question: { title: texts.revokeTitle, text: texts.revokeHelp },
          work: () => revoke(tokenId),
        },
      ]}
      form={{
        ...{ title: texts.createToken, check: checkRoles, create },
        fields: (
          <>
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
            <p class="help">{texts.inOrganization(session.orgName)}</p>
          </>
        ),
      }}
    />
  );
}
