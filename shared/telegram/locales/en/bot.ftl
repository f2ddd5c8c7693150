# Answers to commands and buttons, in English.

subject = { $name } (ID: <code>{ $id }</code>)
chats-counted = { $count ->
    [one] { $count } chat
   *[other] { $count } chats
}
