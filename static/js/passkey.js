// Makes a passkey, or asks for one, and sends what the device answers with the form. Without a server's challenge it is nothing.

const BYTES = new Set(["challenge", "id", "rawId", "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]);

const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The options as the browser wants them: what is bytes comes as text, and only under names that hold bytes. */
function opened(value, name) {
  if (Array.isArray(value)) return value.map((one) => opened(one));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opened(one, key)]));
  }
  return typeof value === "string" && BYTES.has(name) ? fromText(value) : value;
}

/** `rp.id` is a name, not bytes. */
function options(publicKey) {
  const { rp, ...others } = publicKey;
  return rp ? { ...opened(others), rp } : opened(others);
}

function closed(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

const data = JSON.parse(document.getElementById("passkey-options").textContent);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const field = form.querySelector("[name=credential]");
  const failed = form.querySelector("[data-passkey-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const asked = data.creation_options ?? data.request_options;
      const publicKey = options(asked.publicKey);
      const credential =
        form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
      field.value = JSON.stringify(closed(credential));
      form.submit(); // not as a click: that would come back here
    } catch {
      failed.hidden = false;
    }
  });
  form.querySelector("[type=submit]").disabled = false;
}
