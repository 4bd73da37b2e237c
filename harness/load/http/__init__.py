"""Locust's FastHttpSession on connections of our own.

```
session (what a task calls) → outgoing, location (one request) → agent (cookies, redirects, errors)
                            → connections → answer → response
```

What lies above stays Locust's: the class, the event, the response's interface, the types and texts of errors. What
lies below is done once instead of for every request: a URL is parsed once, fields are looked at when somebody asks,
the cookie jar is opened when there is a cookie. Whatever is not a usual request goes Locust's own way (`session`
says which), and whatever is not a usual answer is read by geventhttpclient's own classes (`answer`).
"""

from harness.load.http.session import DirectSession

__all__ = ["DirectSession"]
