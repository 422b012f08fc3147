import type { ComponentType } from "preact";
import { AccessPage } from "../access/access-page.tsx";
import { EventsPage } from "../events/events-page.tsx";
import { FindPage } from "../find/find-page.tsx";
import { LockedUsersPage } from "../locked-users/locked-users-page.tsx";
import { OverviewPage } from "../overview/overview-page.tsx";
import { PolicyPage } from "../policy/policy-page.tsx";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { accessTexts } from "../texts/access.ts";
import { eventsTexts } from "../texts/events.ts";
import { overviewTexts } from "../texts/overview.ts";
import { policyTexts } from "../texts/policy.ts";
import { texts } from "../texts/shared.ts";
import { UserPage } from "../user/user-page.tsx";

/** What a page is given. */
interface PageProps {
  readonly session: Session;
  /** What stands behind the page's name in the address. Another address is another instance of the page. */
  readonly parts: readonly string[];
}

/** A page of the console: a component in a directory of its own, and a line here. */
interface Page {
  /** As it is in the address, `#/name/part/part`. */
  readonly name: string;
  /** As it is in the navigation; empty where it is not there. */
  readonly title: string;
  /** Whether it is offered, and shown. */
  readonly isPermitted: (session: Session) => boolean;
  readonly Content: ComponentType<PageProps>;
}

const mayReadUsers = (session: Session) => may(session, "user.read");

/** All pages, in the order of the navigation. The first that is permitted is what somebody sees who signs in. */
const pages: readonly Page[] = [
  {
    ...{ name: "overview", title: overviewTexts.title },
    isPermitted: mayReadUsers,
    Content: OverviewPage,
  },
  {
    ...{ name: "locked", title: texts.lockedUsers },
    isPermitted: mayReadUsers,
    Content: LockedUsersPage,
  },
  {
    ...{ name: "policy", title: policyTexts.policy },
    isPermitted: (session) => may(session, "policy.read"),
    Content: PolicyPage,
  },
  {
    ...{ name: "events", title: eventsTexts.title },
    isPermitted: mayReadUsers,
    Content: EventsPage,
  },
  {
    ...{ name: "access", title: accessTexts.title },
    isPermitted: (session) => may(session, "iam.access.write"),
    Content: AccessPage,
  },
  {
    ...{ name: "find", title: "" },
    isPermitted: mayReadUsers,
    Content: FindPage,
  },
  {
    ...{ name: "users", title: "" },
    isPermitted: mayReadUsers,
    Content: UserPage,
  },
];

/** The pages that the caller may see, in the order of the navigation. */
export function permittedPages(session: Session): readonly Page[] {
  return pages.filter(({ isPermitted }) => isPermitted(session));
}
