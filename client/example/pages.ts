/** The page with the form, and with a message above it. The message is one of ours; nothing typed comes back. */
export function loginPage(formToken: string, message = ""): string {
  return page(
    "Sign in",
    `${message === "" ? "" : `<p role="alert">${message}</p>`}
    <form method="post" action="/login">
      <input type="hidden" name="form_token" value="${formToken}">
      <p><label>Name <input name="name" autocomplete="username" maxlength="200" required></label></p>
      <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
      <p><button>Sign in</button></p>
    </form>`,
  );
}

export function homePage(formToken: string, userName: string): string {
  return page(
    "Home",
    `<p>Hello, ${escapeHtml(userName)}.</p>
    <form method="post" action="/logout">
      <input type="hidden" name="form_token" value="${formToken}">
      <p><button>Sign out</button></p>
    </form>`,
  );
}

export function errorPage(message: string): string {
  return page("Error", `<p>${message}</p><p><a href="/login">Sign in</a></p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${title}</title>
  </head>
  <body>
    <h1>${title}</h1>
    ${body}
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
